"""The search in SQL finds what a slow matcher in Python finds, in the order asked for.

An example is one query against one set of random resources. A set is loaded by one transaction and
marked with a tag of its own, and answers ten queries, so that 100 sets are 1,000 examples a
database. Every query is walked through by its next links: the pages together must be the matches,
each once, in order, and no page but a lone first one may be empty.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import bundle, encoded, entry, unique_name
from tests.property.matcher import Query, Resource, is_in_order, matches
from tests.property.queries import own_clauses, queries, sort_keys
from tests.property.resources import RESOURCES
from tests.service import Service

SETS = 100
QUERIES_A_SET = 10
MOST_RESOURCES = 8
TAG = "http://example.org/set"

examples = st.sampled_from(sorted(RESOURCES)).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.lists(RESOURCES[kind], min_size=1, max_size=MOST_RESOURCES),
        st.lists(
            st.tuples(
                queries(kind),
                own_clauses(),
                sort_keys(kind),
                st.integers(1, MOST_RESOURCES + 1),
            ),
            min_size=QUERIES_A_SET,
            max_size=QUERIES_A_SET,
        ),
    )
)


def exactly(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def load(service: Service, resources: Sequence[dict[str, Any]], tag: str) -> dict[str, Resource]:
    """Write the set in one transaction; give it as stored, by id."""
    meta = {"meta": {"tag": [{"system": TAG, "code": tag}]}}
    entries = [entry("POST", each["resourceType"], {**each, **meta}) for each in resources]
    answer = service.request("POST", "", encoded(bundle("transaction", *entries)))
    assert answer.status_code == 200, answer.text
    made = exactly(answer.text)["entry"]
    stored: dict[str, Resource] = {}
    for each, item in zip(resources, made, strict=True):
        place = item["response"]["location"].split("/")
        meta_stored = {"lastUpdated": item["response"]["lastModified"], **meta["meta"]}
        resource = {**exactly(encoded(each).decode()), "id": place[-3], "meta": meta_stored}
        stored[place[-3]] = resource
    return stored


def walk(service: Service, link: str) -> list[str]:
    """The ids of all pages; the last page is never an empty one."""
    found: list[str] = []
    following: str | None = link
    while following is not None:
        answer = service.get(following)
        assert answer.status_code == 200, f"{following}: {answer.text}"
        page = answer.json()
        entries = page.get("entry", [])
        assert entries or not found, f"an empty last page: {following}"
        found += [each["resource"]["id"] for each in entries]
        following = {each["relation"]: each["url"] for each in page["link"]}.get("next")
    return found


@dataclass(frozen=True)
class Asked:
    """One query, the keys to sort by, and the size of a page."""

    kind: str
    searched: Query
    keys: Sequence[str]
    count: int


def check(service: Service, stored: dict[str, Resource], asked: Asked) -> None:
    """Hold one query, its order and its paging against the matcher."""
    kind, searched, keys = asked.kind, asked.searched, asked.keys
    expected = {each for each in stored if matches(stored[each], searched)}
    parameters = [*searched, ("_count", str(asked.count))]
    parameters += [("_sort", ",".join(keys))] if keys else []
    link = f"{kind}?{urlencode(parameters)}"
    found = walk(service, link)
    assert len(found) == len(set(found)), f"{link}: a match on two pages"
    assert not expected - set(found), f"{link}: not found {expected - set(found)}"
    assert not set(found) - expected, f"{link}: found in excess {set(found) - expected}"
    for first, second in pairwise(found):
        assert is_in_order(stored[first], stored[second], keys), f"{link}: {first} before {second}"


def own_clause(stored: dict[str, Resource], own: Any) -> list[tuple[str, str]]:
    """The clause about ids or instants that only the written set has."""
    if own is None:
        return []
    name, prefix, positions = own
    chosen = [list(stored.values())[position % len(stored)] for position in positions]
    if name == "_id":
        return [(name, ",".join(each["id"] for each in chosen))]
    return [(name, ",".join(prefix + each["meta"]["lastUpdated"] for each in chosen))]


@settings(
    max_examples=SETS,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
@given(example=examples)
@pytest.mark.timeout(600)
def test_sql_finds_what_the_slow_matcher_finds(allowing_service: Service, example: Any) -> None:
    kind, resources, asked = example
    tag = unique_name()
    stored = load(allowing_service, resources, tag)
    for searched, own, keys, count in asked:
        marked = [("_tag", f"{TAG}|{tag}"), *searched, *own_clause(stored, own)]
        check(allowing_service, stored, Asked(kind, marked, keys, count))
