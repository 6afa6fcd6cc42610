"""History on three levels: newest first, in pages that stand still."""

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from api.store.history import HistoryScope, HistoryWindow
from api.store.session import Store
from tests.store.records import START, Clock, Records, patient

SECOND = 1_000_000
ALL = HistoryWindow(count=100)
SYSTEM = HistoryScope()


def basic(resource_id: str) -> dict[str, object]:
    return {"resourceType": "Basic", "id": resource_id, "code": {"text": "note"}}


def listed(store: Store, scope: HistoryScope, window: HistoryWindow = ALL) -> list[str]:
    """`id/version` of a page."""
    with store.snapshot() as snapshot:
        page = snapshot.history(scope, window)
    return [f"{version.resource_id}/{version.version_id}" for version in page.versions]


@pytest.fixture
def lived(records: Records, clock: Clock) -> Records:
    """Six versions of three resources, a second apart."""
    steps: tuple[Any, ...] = (
        lambda: records.put(patient("a")),
        lambda: records.put(patient("b")),
        lambda: records.put(basic("c")),
        lambda: records.put(patient("a", active=True)),
        lambda: records.delete("Patient", "b"),
        lambda: records.put(patient("a", active=False)),
    )
    for number, step in enumerate(steps):
        clock.now = START + number * SECOND
        step()
    return records


def test_history_of_an_instance_is_newest_first_with_its_deletion(lived: Records) -> None:
    assert listed(lived.store, HistoryScope("Patient", "a")) == ["a/3", "a/2", "a/1"]
    with lived.store.snapshot() as snapshot:
        page = snapshot.history(HistoryScope("Patient", "b"), ALL)
    assert [version.is_deleted for version in page.versions] == [True, False]
    assert [version.method for version in page.versions] == ["DELETE", "PUT"]
    assert page.next is None


def test_history_of_a_type_and_of_the_system(lived: Records) -> None:
    assert listed(lived.store, HistoryScope("Patient")) == ["a/3", "b/2", "a/2", "b/1", "a/1"]
    assert listed(lived.store, SYSTEM) == ["a/3", "b/2", "a/2", "c/1", "b/1", "a/1"]
    assert listed(lived.store, HistoryScope("Goal")) == []


def test_history_of_the_system_leaves_out_the_types_it_is_told_to(lived: Records) -> None:
    scope = HistoryScope(excluded_types=("Patient", "Binary"))
    assert listed(lived.store, scope) == ["c/1"]


def test_since_includes_its_own_instant(lived: Records) -> None:
    window = HistoryWindow(count=100, since=START + 4 * SECOND)
    assert listed(lived.store, SYSTEM, window) == ["a/3", "b/2"]
    later = HistoryWindow(count=100, since=START + 4 * SECOND + 1)
    assert listed(lived.store, SYSTEM, later) == ["a/3"]


def test_at_gives_the_versions_that_were_current_within_the_period(lived: Records) -> None:
    third = (START + 3 * SECOND, START + 3 * SECOND + 1)
    window = HistoryWindow(count=100, at=third)
    assert listed(lived.store, SYSTEM, window) == ["a/2", "c/1", "b/1"]
    before_it_all = HistoryWindow(count=100, at=(START - SECOND, START))
    assert listed(lived.store, SYSTEM, before_it_all) == []
    whole = HistoryWindow(count=100, at=(START, START + 10 * SECOND))
    assert len(listed(lived.store, SYSTEM, whole)) == 6


def test_pages_follow_each_other_and_new_versions_do_not_shift_them(lived: Records) -> None:
    seen: list[str] = []
    before: int | None = None
    while True:
        window = HistoryWindow(count=2, before=before)
        with lived.store.snapshot() as snapshot:
            page = snapshot.history(SYSTEM, window)
        seen += [f"{version.resource_id}/{version.version_id}" for version in page.versions]
        lived.put(patient("new", active=len(seen) % 4 == 0))
        before = page.next
        if before is None:
            break
    assert seen == ["a/3", "b/2", "a/2", "c/1", "b/1", "a/1"]


def test_the_number_of_versions_does_not_depend_on_the_page(lived: Records) -> None:
    with lived.store.snapshot() as snapshot:
        assert snapshot.history_count(SYSTEM, HistoryWindow(count=2)) == 6
        assert snapshot.history_count(SYSTEM, HistoryWindow(count=2, before=3)) == 6
        assert snapshot.history_count(HistoryScope("Patient", "a"), ALL) == 3
        recent = HistoryWindow(count=1, since=START + 4 * SECOND)
        assert snapshot.history_count(SYSTEM, recent) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE resource_history SET method = 'POST'",
        "DELETE FROM resource_history",
        "DELETE FROM resource_history WHERE version_id = 1",
    ],
)
def test_history_cannot_be_changed(lived: Records, statement: str) -> None:
    database = lived.store._database
    with pytest.raises(DBAPIError, match="immutable"), database.writing() as connection:
        connection.core.exec_driver_sql(statement)
    assert len(listed(lived.store, SYSTEM)) == 6
