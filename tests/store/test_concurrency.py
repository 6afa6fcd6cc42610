"""Sixteen threads at once: no lost update, no gap, no second creation, no waiting in a circle."""

import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from api.fhir.outcome import Failure, FailureKind
from api.store.history import HistoryScope, HistoryWindow
from api.store.session import Store, Transaction
from api.store.version import Change, StoredVersion
from tests.store.records import Clock, Records, Threads, patient, put

THREADS = 16


def retried(store: Store, work: Callable[[Transaction], Any]) -> Any:
    """Run a transaction again for as long as the store says that this is safe."""
    for _ in range(50):
        try:
            with store.transaction() as transaction:
                return work(transaction)
        except Failure as failure:
            if not Store.is_retryable(failure):
                raise
    raise AssertionError("fifty times in vain")


def test_every_increment_of_a_counter_counts(store: Store, records: Records) -> None:
    records.put(patient("a", multipleBirthInteger=0))

    def increment(transaction: Transaction) -> None:
        previous = transaction.read_for_update([("Patient", "a")])["Patient", "a"]
        assert previous.content is not None
        number = json.loads(previous.content)["multipleBirthInteger"]
        resource = patient("a", multipleBirthInteger=number + 1)
        transaction.write([Change("Patient", "a", resource, previous, "PUT")])

    Threads.run(THREADS, lambda _: [retried(store, increment) for _ in range(10)])
    final = records.read("Patient", "a")
    assert final is not None
    assert final.content is not None
    assert json.loads(final.content)["multipleBirthInteger"] == THREADS * 10
    with store.snapshot() as snapshot:
        versions = snapshot.history(HistoryScope("Patient", "a"), HistoryWindow(1_000)).versions
    assert [version.version_id for version in versions] == list(range(THREADS * 10 + 1, 0, -1))
    instants = [version.last_updated for version in versions]
    assert sorted(set(instants), reverse=True) == instants


def test_one_of_many_with_the_same_if_match_wins(store: Store, records: Records) -> None:
    records.put(patient("a"))

    def update_version_one(_: int) -> StoredVersion:
        with store.transaction() as transaction:
            previous = transaction.read_for_update([("Patient", "a")])["Patient", "a"]
            if previous.version_id != 1:
                raise Failure(FailureKind.PRECONDITION, "If-Match does not hold.")
            change = Change("Patient", "a", patient("a", active=True), previous, "PUT")
            return transaction.write([change])[0]

    outcome = Threads.run(THREADS, update_version_one)
    assert len(outcome.results) == 1
    assert {failure.kind for failure in outcome.failures} == {FailureKind.PRECONDITION}


def test_one_of_many_creators_of_the_same_id_wins(store: Store, records: Records) -> None:
    def create(number: int) -> StoredVersion:
        with store.transaction() as transaction:
            change = Change("Patient", "a", patient("a", active=number % 2 == 0), None, "PUT")
            return transaction.write([change])[0]

    outcome = Threads.run(THREADS, create)
    assert len(outcome.results) == 1
    assert {failure.kind for failure in outcome.failures} == {FailureKind.CONFLICT}
    assert all(Store.is_retryable(failure) for failure in outcome.failures)
    assert records.read("Patient", "a") == outcome.results[0]


def test_put_of_a_new_id_by_many_creates_once_and_updates_the_rest(store: Store) -> None:
    def upsert(transaction: Transaction) -> StoredVersion:
        return transaction.write([put(transaction, patient("a"))])[0]

    outcome = Threads.run(THREADS, lambda _: retried(store, upsert))
    assert sorted(version.version_id for version in outcome.results) == list(range(1, 17))


def test_conditional_creation_by_many_creates_once_for_each_criterion(store: Store) -> None:
    """The match is looked for after the lock; here by id prefix, as a search would."""

    def create(transaction: Transaction, criterion: int, number: int) -> str:
        transaction.lock_matches([f"Patient?identifier={criterion}"])
        keys = [("Patient", f"{criterion}-{each}") for each in range(THREADS)]
        found = transaction.read_many(keys)
        if found:
            return next(iter(found))[1]
        key = ("Patient", f"{criterion}-{number}")
        change = Change(*key, patient(key[1]), None, "POST")
        transaction.write([change], {key: f"Patient?identifier={criterion}"})
        return key[1]

    def all_criteria(number: int) -> list[str]:
        return [
            retried(store, partial(create, criterion=criterion, number=number))
            for criterion in range(8)
        ]

    outcome = Threads.run(THREADS, all_criteria)
    assert all(given == outcome.results[0] for given in outcome.results)
    with store.snapshot() as snapshot:
        assert snapshot.count_types() == {"Patient": 8}


CRITERIA = "Patient?identifier=1"


def test_a_match_key_stands_guard_where_the_lock_was_forgotten(records: Records) -> None:
    records.create("a", CRITERIA)
    with pytest.raises(Failure) as refused:
        records.create("b", CRITERIA)
    assert Store.is_retryable(refused.value)
    assert records.read("Patient", "b") is None


@pytest.mark.parametrize("how", ["updated", "deleted"])
def test_a_match_key_goes_with_the_version_that_brought_it(records: Records, how: str) -> None:
    records.create("a", CRITERIA)
    if how == "updated":
        records.put(patient("a", active=True))
    else:
        records.delete("Patient", "a")
    assert records.create("b", CRITERIA).version_id == 1


def test_a_resource_that_does_not_match_its_own_criteria_blocks_nobody(store: Store) -> None:
    for resource_id in ("a", "b"):
        with store.transaction() as transaction:
            transaction.lock_matches([CRITERIA])
            change = Change("Patient", resource_id, patient(resource_id), None, "POST")
            transaction.write([change], {change.key: CRITERIA})
    with store.snapshot() as snapshot:
        assert snapshot.count_types() == {"Patient": 2}


def test_transactions_that_cross_each_other_do_not_stand_still(
    store: Store, records: Records
) -> None:
    keys = [("Patient", f"p{number}") for number in range(6)]
    records.put(*(patient(key[1]) for key in keys))

    def update_two(number: int) -> None:
        for step in range(10):
            first, second = keys[(number + step) % 6], keys[(number * 5 + step * 3 + 1) % 6]
            wanted = sorted({first, second}, reverse=number % 2 == 0)
            with store.transaction() as transaction:
                previous = transaction.read_for_update(wanted)
                transaction.write(
                    [Change(*key, patient(key[1]), previous[key], "PUT") for key in wanted]
                )

    outcome = Threads.run(8, update_two)
    assert not outcome.failures


def test_a_reference_target_cannot_be_deleted_while_it_is_being_referred_to(
    store: Store, records: Records
) -> None:
    """Whoever comes second sees what the first has done."""
    records.put(patient("target"))
    key = ("Patient", "target")
    locked = threading.Event()
    order: list[str] = []

    def refer() -> None:
        with store.transaction() as transaction:
            assert transaction.share_lock([key]) == {key}
            locked.set()
            threading.Event().wait(0.2)
            transaction.write([put(transaction, patient("referrer"))])
            order.append("referred")

    def delete() -> None:
        locked.wait(10)
        with store.transaction() as transaction:
            previous = transaction.read_for_update([key])[key]
            transaction.referrers([key])
            order.append("deleting")
            transaction.write([Change(*key, None, previous, "DELETE")])

    threads = [threading.Thread(target=refer), threading.Thread(target=delete)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert order == ["referred", "deleting"]
    with store.transaction() as transaction:
        assert transaction.share_lock([key]) == set()


def test_a_new_version_does_not_wait_for_those_who_refer_to_the_resource(
    store: Store, records: Records
) -> None:
    """PostgreSQL only has two writers at a time; on SQLite they take turns anyway."""
    records.put(patient("target"))
    if store.reads_inline:
        pytest.skip("SQLite has one writer at a time")
    with store.transaction() as referring:
        assert referring.share_lock([("Patient", "target")])
        updated = Threads.run(1, lambda _: records.put(patient("target", active=True)))
        assert updated.results


def test_changes_become_visible_in_the_order_of_their_numbers(store: Store, clock: Clock) -> None:
    """A reader that remembers the last number it saw misses nothing."""
    done = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        last = 0
        while True:
            finished = done.is_set()
            with store.snapshot() as snapshot:
                page = snapshot.history(HistoryScope(), HistoryWindow(1_000))
            fresh = sorted(v.change_seq for v in page.versions if v.change_seq > last)
            seen.extend(fresh)
            last = max([last, *fresh])
            if finished and not fresh:
                return

    def write_one(transaction: Transaction, resource: dict[str, Any]) -> None:
        transaction.write([put(transaction, resource)])

    follower = threading.Thread(target=follow)
    follower.start()

    def write(number: int) -> None:
        for step in range(10):
            clock.now += (step % 3 - 1) * 5_000_000
            resource = patient(f"p{number}-{step}")
            retried(store, partial(write_one, resource=resource))

    Threads.run(8, write)
    done.set()
    follower.join(30)
    assert seen == list(range(1, 81))
    with store.snapshot() as snapshot:
        page = snapshot.history(HistoryScope(), HistoryWindow(1_000))
    instants = [version.last_updated for version in page.versions]
    assert instants == sorted(instants, reverse=True)
