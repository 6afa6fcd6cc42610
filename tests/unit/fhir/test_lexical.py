from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fhir.lexical import LexicalDecimal, parse, serialize
from api.fhir.outcome import Failure, FailureKind

NUMBERS = ["1.10", "1e2", "1.0", "100", "0.010", "-0.0", "-0", "0.0000001", "1E+5", "0e0"]
LONG = ["123456789012345678901.123456789", "9" * 30, "-" + "9" * 19]


@pytest.mark.parametrize("text", [*NUMBERS, *LONG])
def test_a_number_keeps_its_digits(text: str) -> None:
    value = parse(f'{{"value":{text}}}'.encode())
    assert serialize(value) == f'{{"value":{text}}}'.encode()


@given(
    st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
)
def test_every_number_survives_reading_and_writing(text: str) -> None:
    value = parse(text.encode())
    assert serialize(value) == text.encode()
    assert value == Decimal(text)


def test_a_short_integer_is_an_int_and_every_other_number_is_not() -> None:
    assert type(parse(b"120")) is int
    assert type(parse(b"1.0")) is LexicalDecimal
    assert type(parse(b"12345678901234567890")) is LexicalDecimal


@pytest.mark.parametrize(
    "text", ["1E400", "1e131000", "1e-999999", "1e-" + "9" * 30, "1" * 5000, "0." + "1" * 5000]
)
def test_a_number_that_would_expand_is_refused(text: str) -> None:
    with pytest.raises(Failure) as refused:
        parse(text.encode())
    assert refused.value.issues[0].code == "value"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b'{"a":',
        b'{"a":1} x',
        b"{'a':1}",
        b'{"a":1}//',
        b'{"a":"\n"}',
        b"{a:1}",
        b"[1,]",
        b"01",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"nul",
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(Failure) as refused:
        parse(body)
    assert refused.value.kind is FailureKind.INVALID
    assert refused.value.issues[0].code == "structure"


def test_the_place_of_a_mistake_is_named() -> None:
    with pytest.raises(Failure, match="line 2, column 8"):
        parse(b'{\n  "a": }')


@pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b'[{"b":{"c":1,"d":2,"c":3}}]'])
def test_a_key_that_occurs_twice_is_refused(body: bytes) -> None:
    with pytest.raises(Failure, match="more than once"):
        parse(body)


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"a":1}',
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32-le"),
        '"é"'.encode("latin-1"),
    ],
)
def test_another_encoding_than_plain_utf_8_is_refused(body: bytes) -> None:
    with pytest.raises(Failure):
        parse(body)


@pytest.mark.parametrize(
    "escape", [r"\u0000", r"\u0001", r"\u001f", r"\b", r"\f", r"\ud800", r"\udc00"]
)
@pytest.mark.parametrize("place", ['"{}"', '{{"{}":1}}', '[[{{"a":"x{}y"}}]]'])
def test_control_characters_and_half_surrogates_are_refused_anywhere(
    escape: str, place: str
) -> None:
    with pytest.raises(Failure, match=r"U\+"):
        parse(place.format(escape).encode())


def test_tabs_line_ends_and_whole_surrogate_pairs_are_text() -> None:
    assert parse(rb'"a\t\r\n\ud83d\ude00\\u0000"') == "a\t\r\n😀\\u0000"


def test_nesting_is_allowed_to_64_levels() -> None:
    assert parse(b"[" * 64 + b"]" * 64)
    assert parse(b'{"a":' * 64 + b"1" + b"}" * 64)


@pytest.mark.parametrize("depth", [65, 1000, 100_000])
@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"[":', b"}]")])
@pytest.mark.parametrize("is_closed", [True, False])
def test_deeper_nesting_is_refused_before_it_hurts(
    depth: int,
    brackets: tuple[bytes, bytes],
    is_closed: bool,  # noqa: FBT001
) -> None:
    opening, closing = brackets
    with pytest.raises(Failure):
        parse(opening * depth + b"1" + closing * depth * is_closed)


def test_brackets_within_strings_are_not_nesting() -> None:
    text = '["' + "[{" * 100 + r"\"[" * 100 + r'\\", "]"]'
    parsed = parse(text.encode())
    assert isinstance(parsed, list)
    assert len(parsed) == 2


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(Failure):
        serialize(parse(body))


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(min_codepoint=32, codec="utf-8")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(min_codepoint=32, codec="utf-8")), inner)
    ),
)


@given(JSON_VALUES)
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    assert parse(serialize(value)) == value
