"""Resources damaged anywhere, with anything: validation says what it finds, and never stumbles."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from api.fhir import definitions
from api.fhir.lexical import parse
from api.fhir.profiles.published import published_profile, published_urls
from api.fhir.resource import check
from api.fhir.validating import all_issues, is_error

DATA = Path(__file__).parents[1] / "data"
FILES = sorted((*DATA.glob("r4-examples/*/*.json"), *DATA.glob("au-core-examples/*.json")))
JUNK: list[Any] = [
    None, True, 0, -1, "", "x", "#", [], {}, [None], [[]], [{}], ["x"], {"a": 1}, {"url": 5},
    {"extension": 5}, {"resourceType": "Patient"}, {"resourceType": 5}, {"reference": "#x"},
]  # fmt: skip
Place: TypeAlias = tuple[Any, Any]


def places(value: Any) -> Iterator[Place]:
    """Every container of a tree with a key or position in it."""
    listed: list[Place] = []
    if isinstance(value, dict):
        listed = list(value.items())
    elif isinstance(value, list):
        listed = list(enumerate(value))
    for key, each in listed:
        yield value, key
        yield from places(each)


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    resource: Any = parse(draw(st.sampled_from(FILES)).read_bytes())
    for _ in range(draw(st.integers(0, 3))):
        container, key = draw(st.sampled_from(list(places(resource))))
        junk = copy.deepcopy(draw(st.sampled_from(JUNK)))
        beside = isinstance(container, dict) and draw(st.booleans())
        container[f"_{key}" if beside else key] = junk
    return dict(resource)


PROFILES: dict[Any, list[str]] = {name: [] for name in definitions.resource_types()}
for _url in published_urls():
    _profile = published_profile(_url)
    if _profile is not None:
        PROFILES.setdefault(_profile.type_name, []).append(_url)


@settings(max_examples=300, deadline=None)
@given(damaged(), st.randoms(use_true_random=False))
def test_whatever_is_sent_gets_a_verdict(resource: dict[str, Any], random: Any) -> None:
    claimed = resource["resourceType"]
    name = claimed if isinstance(claimed, str) and claimed in PROFILES else "Patient"
    urls = PROFILES[name]
    asked = [random.choice(urls)] if urls else []
    issues = all_issues(resource, name, profiles=asked)
    assert all(each.as_json()["diagnostics"] for each in issues)
    if not any(map(is_error, issues)):
        assert check(resource, name) == resource
