"""The tenant is a fence: every statement names it, and every plan goes through it."""

import re
from typing import Any

import pytest

from api.fhir.outcome import Failure
from api.store.history import HistoryScope, HistoryWindow
from api.store.session import Snapshot, Store, Transaction
from api.store.version import Change
from tests.store.recording import recorded
from tests.store.records import Records, patient, put

KEY = ("Patient", "a")
WINDOW = HistoryWindow(count=10, since=1, at=(1, 2), before=100)


@pytest.fixture
def other(store: Store) -> Store:
    """The store of another tenant in the same database."""
    another = store.for_tenant(2)
    another.add_tenant("another clinic")
    return another


def everything_read(snapshot: Snapshot) -> list[Any]:
    """One call of each way to read; what it found."""
    return [
        snapshot.read(*KEY),
        snapshot.vread(*KEY, 1),
        snapshot.read_many([KEY]),
        snapshot.count_types(),
        snapshot.referrers([KEY]),
        snapshot.history(HistoryScope(*KEY), HistoryWindow(10)).versions,
        snapshot.history(HistoryScope(KEY[0], excluded_types=("Basic",)), WINDOW).versions,
        snapshot.history(HistoryScope(), HistoryWindow(10)).versions,
        snapshot.history_count(HistoryScope(), HistoryWindow(10)),
    ]


def everything_locked(transaction: Transaction) -> list[Any]:
    """One call of each way to lock; what it found."""
    transaction.lock_matches(["Patient?identifier=1"])
    return [
        transaction.read_for_update([KEY]),
        transaction.share_lock([KEY]),
        transaction.referrers([KEY]),
    ]


def managing_organization() -> dict[str, Any]:
    return patient("b", link=[{"other": {"reference": "Patient/a"}, "type": "seealso"}])


def test_another_tenants_records_are_never_seen(store: Store, other: Store) -> None:
    Records(store).put(patient("a"), managing_organization())
    with other.transaction() as transaction:
        assert not any(everything_locked(transaction))
    with other.snapshot() as snapshot:
        assert not any(everything_read(snapshot))
    with store.snapshot() as snapshot:
        found = everything_read(snapshot)
    assert all(found[:6])


def test_tenants_count_for_themselves(store: Store, other: Store) -> None:
    for each in (store, other):
        written = Records(each).put(patient("a"))[0]
        assert (written.version_id, written.change_seq, written.resource_key) == (1, 1, 1)
    Records(other).delete("Patient", "a")
    found = Records(store).read("Patient", "a")
    assert found is not None
    assert not found.is_deleted


def test_a_match_key_of_another_tenant_is_no_match(store: Store, other: Store) -> None:
    for each in (store, other):
        with each.transaction() as transaction:
            change = Change(*KEY, patient("a"), None, "POST")
            transaction.write([change], {KEY: "Patient?identifier=1"})


def test_secrets_are_each_tenants_own(store: Store, other: Store) -> None:
    assert store.secret("page-token") != other.secret("page-token")


def test_a_tenant_that_does_not_exist_cannot_write(store: Store) -> None:
    with pytest.raises((LookupError, Failure)):
        Records(store.for_tenant(3)).put(patient("a"))


def do_everything(store: Store) -> None:
    """Every way to read, lock and write that the store has."""
    records = Records(store)
    records.put(patient("a"), managing_organization())
    records.put(patient("a", active=True))
    with store.transaction() as transaction:
        everything_locked(transaction)
        change = put(transaction, patient("c"))
        transaction.write([change], {("Patient", "c"): "Patient?identifier=1"})
    with store.snapshot() as snapshot:
        everything_read(snapshot)
    records.delete("Patient", "c")
    store.secret("page-token")


def test_every_statement_names_the_tenant(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorded(monkeypatch) as seen:
        do_everything(store)
    of_tables = [sql for sql, _ in seen if re.search(r"\b(FROM|INTO|UPDATE)\b", sql)]
    assert len(set(of_tables)) > 20
    for sql in of_tables:
        if store.reads_inline and "index_text" in sql:
            continue  # SQLite's words have no tenant but in their row ids and in every word.
        fence = re.search(r"INSERT INTO \w+ \([^)]*\btenant\b|WHERE .*\btenant = ", sql, re.DOTALL)
        assert fence, sql
        for table in re.findall(r"(?:FROM|JOIN) (\w+)(?: AS (\w+))?", sql):
            name = table[1] or table[0]
            if name != "json_each" and not name.startswith("anon"):
                assert f"{name}.tenant = " in sql or f"= {name}.tenant" in sql or "DELETE" in sql, (
                    sql
                )


def test_every_statement_finds_its_rows_through_a_key(
    store: Store, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(monkeypatch) as seen:
        do_everything(store)
    for sql, parameters in dict(seen).items():
        if not re.match(r"(SELECT|UPDATE|DELETE)", sql) or "advisory" in sql:
            continue
        if store.reads_inline and "index_text" in sql:
            continue
        plan = PLANS[database_kind](store, sql, parameters)
        assert re.search(r"tenant\s?=|SEARCH tenant USING INTEGER PRIMARY KEY", plan), (
            f"{sql}\n{plan}"
        )
        assert not re.search(r"SCAN (?!json_each|anon)|Seq Scan", plan), f"{sql}\n{plan}"


def sqlite_plan(store: Store, sql: str, parameters: Any) -> str:
    with store._database.writing() as connection:
        raw: Any = connection.driver
        rows = raw.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
    return "\n".join(row[3] for row in rows)


def postgresql_plan(store: Store, sql: str, parameters: Any) -> str:
    with store._database.writing() as connection:
        raw: Any = connection.driver
        # On tables of a few rows a sequential scan is cheapest: ask whether an index would do.
        raw.execute("SET LOCAL enable_seqscan = off")
        rows = raw.execute(f"EXPLAIN {sql}", parameters).fetchall()
    return "\n".join(row[0] for row in rows)


PLANS = {"sqlite": sqlite_plan, "postgresql": postgresql_plan}
