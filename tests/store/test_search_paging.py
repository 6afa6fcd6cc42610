"""Pages: every match once, in order, forwards and backwards, whatever is written meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from api.store.search_sql import statements
from api.store.session import Store
from api.store.statement import Statement
from tests.store.records import Clock, Records
from tests.store.searches import Searches, ids, resources

SORTS = (
    "", "_id", "-_id", "_lastUpdated", "-_lastUpdated", "birthdate", "-birthdate", "family",
    "-family", "gender,-birthdate", "-gender,family,-_id", "family,-_lastUpdated",
    "-general-practitioner", "-_lastUpdated,family", "active,-active", "language",
)  # fmt: skip
FILTERS = ("", "identifier=s|all", "identifier=s|all&gender=male", "gender:not=male", "family=a")
FAMILIES = ("Abel", "abel", "Ähm", "Berg", "Z" * 80)


@pytest.fixture
def searches(store: Store) -> Searches:
    """Searches of the empty store of this test."""
    return Searches(store)


def people(number: int, random: Random) -> list[dict[str, Any]]:
    """Patients of whom many lack what they might be sorted by, and some have it twice."""
    made: dict[str, dict[str, Any]] = {}
    for position in range(number):
        person: dict[str, Any] = {"identifier": [{"system": "s", "value": "all"}]}
        if random.random() < 0.7:
            families = random.sample(FAMILIES, random.choice((1, 2)))
            person["name"] = [{"family": family} for family in families]
        if random.random() < 0.6:
            person["gender"] = random.choice(("male", "female", "other"))
        if random.random() < 0.6:
            person["birthDate"] = random.choice(("1990", "1990-01", "1990-01-01", "1985", "2001"))
        if random.random() < 0.4:
            person["generalPractitioner"] = [{"reference": f"Practitioner/{random.randint(1, 2)}"}]
        made[f"p{position:02}"] = person
    return resources("Patient", made)


def backwards(searches: Searches, text: str) -> list[str]:
    """Every match, read from the last page to the first."""
    page = list(searches.pages("Patient", text))[-1]
    found = ids(page)
    while page.previous is not None:
        page = searches.page("Patient", text, page.previous)
        assert page.versions
        found = ids(page) + found
    return found


def test_pages_together_are_the_whole_in_both_directions(
    records: Records, searches: Searches, clock: Clock
) -> None:
    random = Random(7)  # noqa: S311 - it draws test data.
    for person in people(23, random):
        clock.now += random.choice((0, 1_000_000))
        records.put(person)
    assert len(searches.ids("Patient", "")) == 23
    for filtered in FILTERS:
        everyone = searches.ids("Patient", filtered)
        for sort in SORTS:
            whole = searches.ids(
                "Patient", f"{filtered}&_sort={sort}&_count=100" if sort else filtered
            )
            assert sorted(whole) == sorted(everyone), (filtered, sort)
            for count in (1, 4, 23):
                text = f"{filtered}&_count={count}" + (f"&_sort={sort}" if sort else "")
                assert searches.ids("Patient", text) == whole, text
                assert backwards(searches, text) == whole, text


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("birthdate", "late twice early none also"),
        ("-birthdate", "early twice late none also"),
        ("family", "twice early late none also"),
        ("-family", "twice late early none also"),
        ("gender", "early twice late none also"),
        ("gender,-birthdate", "early twice late none also"),
        ("-_id", "twice none late early also"),
    ],
)
def test_the_smallest_value_counts_upwards_and_the_largest_downwards(
    records: Records, searches: Searches, sort: str, expected: str
) -> None:
    elements: dict[str, dict[str, Any]] = {
        "early": {"name": [{"family": "B"}], "birthDate": "1999", "gender": "female"},
        "none": {},
        "late": {"name": [{"family": "C"}], "birthDate": "1970", "gender": "male"},
        "twice": {
            "name": [{"family": "A"}, {"family": "D"}], "birthDate": "1980", "gender": "female",
        },
        "also": {},
    }  # fmt: skip
    records.put(*resources("Patient", elements))
    assert searches.ids("Patient", f"_sort={sort}") == expected.split()


def test_an_unsorted_search_keeps_the_order_of_creation_when_resources_change(
    records: Records, searches: Searches
) -> None:
    records.put(*resources("Patient", {"a": {}, "b": {}, "c": {}}))
    records.put({"resourceType": "Patient", "id": "a", "gender": "male"})
    assert searches.ids("Patient", "_count=1") == ["a", "b", "c"]


def test_a_write_between_two_pages_moves_nothing(records: Records, searches: Searches) -> None:
    elements = {name: {"name": [{"family": name}]} for name in "bdfhjl"}
    records.put(*resources("Patient", elements))
    first = searches.page("Patient", "_sort=family&_count=2")
    assert ids(first) == ["b", "d"]
    records.put(*resources("Patient", {name: {"name": [{"family": name}]} for name in "ag"}))
    records.delete("Patient", "d")
    records.delete("Patient", "f")
    second = searches.page("Patient", "_sort=family&_count=2", first.next)
    assert ids(second) == ["g", "h"]
    third = searches.page("Patient", "_sort=family&_count=2", second.next)
    assert ids(third) == ["j", "l"]
    assert third.next is None
    back = searches.page("Patient", "_sort=family&_count=2", second.previous)
    assert ids(back) == ["a", "b"]
    assert back.previous is None


def test_the_total_is_told_when_it_is_known_for_free_or_asked_for(
    records: Records, searches: Searches
) -> None:
    records.put(*resources("Patient", {f"p{number}": {} for number in range(5)}))
    totals = {
        text: searches.page("Patient", text).total
        for text in (
            "", "_count=5", "_count=4", "_count=4&_total=accurate", "_count=4&_total=estimate",
            "_total=none", "_count=0", "_summary=count", "_id=p1", "gender=male",
        )
    }  # fmt: skip
    assert totals == {
        "": 5, "_count=5": 5, "_count=4": None, "_count=4&_total=accurate": 5,
        "_count=4&_total=estimate": 5, "_total=none": None, "_count=0": 5, "_summary=count": 5,
        "_id=p1": 1, "gender=male": 0,
    }  # fmt: skip
    assert searches.page("Patient", "_count=0").versions == []
    following = searches.page("Patient", "_count=3", searches.page("Patient", "_count=3").next)
    assert following.total is None


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The SQL of every compiled statement that runs within the block."""
    ran: list[str] = []
    run: Callable[..., Any] = Statement.run

    def recorded(statement: Statement, driver: Any, dialect: str, values: Any) -> Any:
        ran.append(statement.text(dialect)[0])
        return run(statement, driver, dialect, values)

    with monkeypatch.context() as patch:
        patch.setattr(Statement, "run", recorded)
        yield ran


@pytest.mark.parametrize(
    ("text", "statements_run"),
    [
        ("", 1),
        ("family=a&gender=male&_sort=-birthdate,family", 1),
        ("_count=2&_total=accurate", 2),
        ("_count=0", 1),
        ("_total=accurate", 1),
    ],
)
def test_a_page_is_one_statement_and_a_count_one_more(
    records: Records,
    searches: Searches,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    statements_run: int,
) -> None:
    records.put(*resources("Patient", {"a": {}, "b": {}, "c": {}}))
    with counted(monkeypatch) as ran:
        searches.page("Patient", text)
    assert len(ran) == statements_run


def test_searches_of_one_shape_share_a_statement(records: Records, searches: Searches) -> None:
    records.put(*resources("Patient", {"a": {"gender": "male"}}))
    searches.ids("Patient", "gender=male,female&_id=a")
    before = statements.page_statement.cache_info().misses
    searches.ids("Patient", "gender=male,female,other,unknown&_id=b")
    searches.ids("Patient", "language=de,en&_id=a")
    assert statements.page_statement.cache_info().misses == before


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("_id", "p{}", 800),
        ("family", "f{}", 320),
        ("birthdate", "{}", 250),
        ("identifier", "s{0}|{0}", 320),
    ],
)
def test_one_search_may_hold_as_many_values_as_it_is_allowed(
    records: Records, searches: Searches, name: str, value: str, number: int
) -> None:
    person = {
        "name": [{"family": "F1990"}],
        "birthDate": "1990",
        "identifier": [{"system": "s1990", "value": "1990"}],
    }
    records.put(*resources("Patient", {"p1990": person, "p1": {}}))
    values = ",".join(value.format(each) for each in range(1989, 1989 + number))
    assert searches.ids("Patient", f"{name}={values}") == ["p1990"]
    assert searches.ids("Patient", f"{name}={values}&_sort=-family") == ["p1990"]


def test_one_search_may_hold_many_conditions(records: Records, searches: Searches) -> None:
    records.put(*resources("Patient", {"a": {}, "b": {"gender": "male"}}))
    many = "&".join(["gender:not=male"] * 63)
    assert searches.ids("Patient", many) == ["a"]
    assert searches.ids("Patient", f"family={','.join('abcdefg' * 50)}&{many}") == []
