"""Page tokens: only what this server signed for this query is a place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fhir.outcome import Failure
from api.interactions.page_token import PageTokens

TOKENS = PageTokens(b"k" * 32)
PLACES = st.recursive(
    st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda parts: st.lists(parts, max_size=4),
    max_leaves=8,
)


@given(PLACES, st.text(max_size=40))
def test_a_place_comes_back_within_its_query(place: object, scope: str) -> None:
    assert TOKENS.read(TOKENS.sign(place, scope), scope) == place


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="page link"):
        TOKENS.read(text, "Patient?")


def test_a_token_of_another_query_or_key_is_refused() -> None:
    token = TOKENS.sign(["next", [1]], "Patient?")
    for reader, scope in ((TOKENS, "Patient?name=a"), (PageTokens(b"x" * 32), "Patient?")):
        with pytest.raises(Failure):
            reader.read(token, scope)


def test_a_changed_token_is_refused() -> None:
    token = TOKENS.sign(["next", [1]], "Patient?")
    for index in range(len(token)):
        changed = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        if changed != token:
            with pytest.raises(Failure):
                TOKENS.read(changed, "Patient?")
