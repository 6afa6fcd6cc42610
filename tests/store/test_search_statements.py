"""What searches cost: how many statements, of which tenant, and through which keys."""

import re
from typing import Any

import pytest

from api.store.paging import Cursor
from api.store.session import Store
from tests.store.recording import recorded
from tests.store.records import Records, patient
from tests.store.searching import ids, parsed
from tests.store.test_tenants import PLANS

SEARCHES = [
    "Patient?_id=a",
    "Patient?name=nurmi",
    "Patient?name=nurmi&_sort=-birthdate,_id",
    "Patient?name=nurmi&_sort=_lastUpdated",
    "Patient?name=nurmi&gender:missing=true",
    "Patient?identifier=urn:x|1&_lastUpdated=gt2020",
    "Patient?identifier:of-type=urn:t|MR|1",
    "Patient?organization.name=o",
    "Patient?organization.partof.name=o&_sort=birthdate",
    "Patient?organization:below=o",
    "Patient?_has:Observation:patient:code=w",
    "Patient?_has:Observation:patient:encounter.class=AMB",
    "Patient?_text=knee&name=nurmi",
    "Patient?_content=nurm*",
    "Patient?_list=l",
    "Patient?_filter=name eq nurmi or birthdate gt 2000",
    "Observation?code-value-quantity=w$70",
    "Observation?code:text=body",
    "Location?near=-37|144|5",
    "?_type=Patient,Observation&_id=a",
    "?_type=Patient,Observation&_text=knee",
    "?_type=Patient,Group&identifier=a&_sort=-_lastUpdated",
]


def run_everything(store: Store) -> None:
    with store.snapshot() as snapshot:
        for each in SEARCHES:
            snapshot.search(parsed(each))
            snapshot.count(parsed(each))


def test_every_search_names_the_tenant_of_every_table(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(monkeypatch) as seen:
        run_everything(store)
    for sql, _ in seen:
        for table, alias in re.findall(r"(\w+) AS \"?(\w+)\"?", sql):
            if re.fullmatch(r"resource(_history)?|tenant|index_\w+", table):
                fence = f"{alias}.rowid" if is_words(table, store) else f"{alias}.tenant = "
                assert fence in sql, (alias, sql)


def is_words(table: str, store: Store) -> bool:
    """Whether this is the virtual table of SQLite, which has no columns but row id and texts."""
    return table == "index_text" and store.reads_inline


def test_another_tenant_finds_nothing(store: Store) -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">knee</div>'
    mine = patient("a", text={"status": "generated", "div": div}, birthDate="2001")
    Records(store).put(mine)
    other = store.for_tenant(2)
    other.add_tenant("another clinic")
    for query in ("Patient?_text=knee", "Patient?name=nurmi", "Patient?_content=nurmi"):
        with store.snapshot() as snapshot:
            assert ids(snapshot, query) == ["a"], query
        with other.snapshot() as snapshot:
            assert ids(snapshot, query) == [], query
    Records(other).put(patient("b"))
    with other.snapshot() as snapshot:
        assert ids(snapshot, "Patient?_content=nurmi") == ["b"]


def test_no_search_by_values_reads_a_whole_table(
    store: Store, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(monkeypatch) as seen, store.snapshot() as snapshot:
        for each in SEARCHES:
            snapshot.search(parsed(each))
    for sql, parameters in seen:
        plan = PLANS[database_kind](store, sql, parameters)
        scans = re.findall(
            r"^SCAN (?!json_each|anon|page|first_part|second_part)\w+(.*)", plan, re.MULTILINE
        )
        allowed = ("VIRTUAL TABLE", " ROW")  # SCAN CONSTANT ROW
        assert all(scan == "" or any(word in scan for word in allowed) for scan in scans), plan
        assert not re.search(r"Seq Scan on (resource|index_\w+)", plan), f"{sql}\n{plan}"
        assert not re.search(r"^SCAN (resource|index_(?!text)\w+)", plan, re.MULTILINE), (
            f"{sql}\n{plan}"
        )


@pytest.mark.parametrize("query", SEARCHES)
def test_a_page_costs_one_statement_and_the_next_at_most_two(
    store: Store, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    records = Records(store)
    for number in range(3):
        records.put(patient(f"a{number}", birthDate=f"200{number}"))
    with recorded(monkeypatch) as seen, store.snapshot() as snapshot:
        snapshot.search(parsed(f"{query}&_count=2"))
    assert len(seen) == 1
    asked = parsed(f"{query}&_count=2&_total=accurate")
    values: list[Any] = [None for _ in asked.sort]
    with recorded(monkeypatch) as seen, store.snapshot() as snapshot:
        snapshot.search(asked, Cursor("next", (*values, 0), watermark=1, total=3))
    assert len(seen) <= 2


@pytest.mark.parametrize("edge", ["_include=Patient:organization", "_revinclude=Observation:*"])
def test_each_edge_of_an_include_costs_one_statement(
    store: Store, monkeypatch: pytest.MonkeyPatch, edge: str
) -> None:
    records = Records(store)
    clinic = {"resourceType": "Organization", "id": "o", "name": "Clinic"}
    people = [
        patient(f"a{number}", managingOrganization={"reference": "Organization/o"})
        for number in range(10)
    ]
    seen_of = [
        {
            "resourceType": "Observation",
            "id": f"s{number}",
            "status": "final",
            "code": {"text": "x"},
            "subject": {"reference": f"Patient/a{number}"},
        }
        for number in range(10)
    ]  # fmt: skip
    records.put(clinic, *people, *seen_of)
    query = parsed(f"Patient?name=nurmi&{edge}")
    with store.snapshot() as snapshot:
        matches = snapshot.search(query).versions
        with recorded(monkeypatch) as seen:
            keys = [each.resource_key for each in matches]
            found = snapshot.included(query.includes[0], keys, 100)
    assert len(seen) == 1
    assert len(found) == (1 if edge.startswith("_include") else 10)
    assert sum(len(each.by) for each in found) == (10 if edge.startswith("_include") else 20)
