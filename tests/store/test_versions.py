"""Current versions, deletions and the numbers that versions carry."""

import json
from typing import Any

import pytest

from api.fhir.outcome import Failure, FailureKind
from api.store.session import Store
from api.store.version import Change, StoredVersion
from tests.store.records import START, Clock, Records, patient, put

MILLISECOND = 1_000


def content(version: StoredVersion | None) -> Any:
    assert version is not None
    assert version.content is not None
    return json.loads(version.content)


def test_what_was_written_is_read_back_with_its_id_and_version(records: Records) -> None:
    written = records.put(patient("a", birthDate="1897-06-13"))[0]
    read = records.read("Patient", "a")
    assert read == written
    assert content(read)["birthDate"] == "1897-06-13"
    assert content(read)["id"] == "a"
    assert content(read)["meta"]["versionId"] == "1"


def test_a_resource_that_never_was_is_none(store: Store, records: Records) -> None:
    assert records.read("Patient", "nobody") is None
    with store.snapshot() as snapshot:
        assert snapshot.vread("Patient", "nobody", 1) is None
        assert snapshot.read_many([("Patient", "nobody")]) == {}


def test_versions_count_from_one_without_a_gap_through_deletion_and_revival(
    store: Store, records: Records
) -> None:
    versions = [
        *records.put(patient("a")),
        *records.put(patient("a", active=True)),
        records.delete("Patient", "a"),
        *records.put(patient("a", active=False)),
    ]
    assert [version.version_id for version in versions] == [1, 2, 3, 4]
    assert [version.is_deleted for version in versions] == [False, False, True, False]
    assert len({version.resource_key for version in versions}) == 1
    with store.snapshot() as snapshot:
        for version in versions:
            assert snapshot.vread("Patient", "a", version.version_id) == version
        assert snapshot.vread("Patient", "a", 5) is None


def test_a_deleted_resource_leaves_its_deletion(records: Records) -> None:
    records.put(patient("a"))
    deletion = records.delete("Patient", "a")
    assert deletion.content is None
    assert deletion.method == "DELETE"
    assert records.read("Patient", "a") == deletion


def test_ids_are_told_apart_by_case_and_type(records: Records) -> None:
    records.put(patient("a"), patient("A"), {"resourceType": "Basic", "id": "a", "code": {}})
    found = records.found([("Patient", "a"), ("Patient", "A"), ("Basic", "a"), ("Basic", "A")])
    assert set(found) == {("Patient", "a"), ("Patient", "A"), ("Basic", "a")}


def test_changes_of_one_transaction_are_numbered_in_their_order(records: Records) -> None:
    written = records.put(patient("c"), patient("a"), patient("b"))
    assert [version.resource_id for version in written] == ["c", "a", "b"]
    assert [version.change_seq for version in written] == [1, 2, 3]
    assert len({version.resource_key for version in written}) == 3


def test_last_updated_is_the_clock_in_whole_milliseconds(records: Records, clock: Clock) -> None:
    clock.now = START + 1_234_567
    assert records.put(patient("a"))[0].last_updated == START + 1_234_000


def test_last_updated_grows_by_a_millisecond_when_the_clock_stands(records: Records) -> None:
    first = records.put(patient("a"))[0]
    second = records.put(patient("a", active=True))[0]
    assert second.last_updated == first.last_updated + MILLISECOND


def test_last_updated_never_goes_back_with_the_clock(records: Records, clock: Clock) -> None:
    first = records.put(patient("a"))[0]
    clock.now -= 3_600_000_000
    of_another = records.put(patient("b"))[0]
    assert of_another.last_updated >= first.last_updated
    assert records.put(patient("a"))[0].last_updated > first.last_updated


def test_an_exception_undoes_the_whole_transaction(store: Store, records: Records) -> None:
    records.put(patient("kept"))

    def changes_its_mind() -> None:
        with store.transaction() as transaction:
            transaction.write([put(transaction, patient("a")), put(transaction, patient("kept"))])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        changes_its_mind()
    assert records.read("Patient", "a") is None
    kept = records.read("Patient", "kept")
    assert kept is not None
    assert kept.version_id == 1
    assert records.put(patient("b"))[0].change_seq == 2


def test_a_transaction_reads_what_it_has_written(store: Store) -> None:
    with store.transaction() as transaction:
        written = transaction.write([put(transaction, patient("a"))])
        assert transaction.read("Patient", "a") == written[0]
        assert transaction.vread("Patient", "a", 1) == written[0]


def test_a_transaction_that_writes_nothing_is_fine(store: Store) -> None:
    with store.transaction() as transaction:
        assert transaction.write([]) == []


def test_a_transaction_writes_once(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.write([put(transaction, patient("a"))])
        with pytest.raises(RuntimeError):
            transaction.write([put(transaction, patient("b"))])


def test_a_change_based_on_an_old_version_is_refused_and_may_be_retried(records: Records) -> None:
    old = records.put(patient("a"))[0]
    records.put(patient("a", active=True))
    with pytest.raises(Failure) as refused:
        records.write(Change("Patient", "a", patient("a"), old, "PUT"))
    assert refused.value.kind is FailureKind.CONFLICT
    assert Store.is_retryable(refused.value)


def test_a_second_creation_under_the_same_id_is_refused_and_may_be_retried(
    records: Records,
) -> None:
    records.put(patient("a"))
    with pytest.raises(Failure) as refused:
        records.create("a")
    assert refused.value.kind is FailureKind.CONFLICT
    assert Store.is_retryable(refused.value)


def test_types_are_counted_without_what_was_deleted(store: Store, records: Records) -> None:
    records.put(patient("a"), patient("b"), {"resourceType": "Basic", "id": "c", "code": {}})
    records.delete("Patient", "b")
    with store.snapshot() as snapshot:
        assert snapshot.count_types() == {"Patient": 1, "Basic": 1}


def test_a_thousand_resources_are_written_and_read_in_one_transaction(records: Records) -> None:
    ids = [f"p{number}" for number in range(1_000)]
    written = records.put(*(patient(each) for each in ids))
    assert [version.change_seq for version in written] == list(range(1, 1_001))
    assert len(records.found([("Patient", each) for each in ids])) == 1_000


def test_a_secret_is_made_once(store: Store) -> None:
    secret = store.secret("page-token")
    assert len(secret) == 32
    assert store.secret("page-token") == secret
    assert store.secret("another") != secret
