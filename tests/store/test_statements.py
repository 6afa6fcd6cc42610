"""How many statements an interaction costs."""

import re

import pytest

from api.store.session import Store
from tests.store.recording import recorded
from tests.store.records import Records, patient


def names(number: int, **elements: object) -> list[dict[str, object]]:
    return [patient(f"p{number}-{each}", **elements) for each in range(number)]


@pytest.mark.parametrize("is_update", [False, True])
def test_a_transaction_of_twelve_costs_hardly_more_statements_than_one(
    records: Records, monkeypatch: pytest.MonkeyPatch, *, is_update: bool
) -> None:
    """One a table and kind of change, each run for all rows in a batch."""
    counts = []
    for number in (1, 12):
        if is_update:
            records.put(*names(number))
        with recorded(monkeypatch) as seen:
            records.put(*names(number, active=is_update))
        per_resource = [sql for sql, _ in seen if re.search(r"FOR NO KEY UPDATE|json_each", sql)]
        counts.append(len(seen) - len(per_resource))
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_a_read_costs_one_statement(
    store: Store, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.put(patient("a"))
    with recorded(monkeypatch) as seen, store.snapshot(one_statement=True) as snapshot:
        assert snapshot.read("Patient", "a") is not None
    assert len(seen) == 1


def test_many_of_one_type_are_read_with_one_statement(
    store: Store, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.put(*names(12))
    with recorded(monkeypatch) as seen, store.snapshot() as snapshot:
        assert len(snapshot.read_many([("Patient", f"p12-{each}") for each in range(12)])) == 12
    assert len(seen) == 1
