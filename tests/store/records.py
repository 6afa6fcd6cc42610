"""Short ways to write and read, and to run many threads at once."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.fhir.outcome import Failure
from api.store.session import Store, Transaction
from api.store.version import Change, ResourceKey, StoredVersion

START = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z in microseconds


@dataclass
class Clock:
    """A clock that tests set."""

    now: int = START

    def __call__(self) -> int:
        """Microseconds since 1970."""
        return self.now


def patient(resource_id: str = "", **elements: Any) -> dict[str, Any]:
    """A small Patient."""
    return {"resourceType": "Patient", "id": resource_id, "name": [{"family": "Nurmi"}], **elements}


def put(transaction: Transaction, resource: dict[str, Any]) -> Change:
    """The change that stores the resource as the next version of what is there."""
    key = (resource["resourceType"], resource["id"])
    previous = transaction.read_for_update([key]).get(key)
    return Change(*key, resource, previous, "PUT")


@dataclass
class Records:
    """Whole transactions in one call."""

    store: Store

    def put(self, *resources: dict[str, Any]) -> list[StoredVersion]:
        """Store each as its next version, in one transaction."""
        with self.store.transaction() as transaction:
            return transaction.write([put(transaction, resource) for resource in resources])

    def write(self, change: Change, match_key: str | None = None) -> StoredVersion:
        """Write one change, remembered under the criteria of a conditional request."""
        matches = {change.key: match_key} if match_key else {}
        with self.store.transaction() as transaction:
            return transaction.write([change], matches)[0]

    def create(self, resource_id: str, match_key: str | None = None) -> StoredVersion:
        """Create a Patient, taking for granted that there is none under this id."""
        change = Change("Patient", resource_id, patient(resource_id), None, "POST")
        return self.write(change, match_key)

    def delete(self, resource_type: str, resource_id: str) -> StoredVersion:
        """Delete it."""
        key = (resource_type, resource_id)
        with self.store.transaction() as transaction:
            previous = transaction.read_for_update([key])[key]
            return transaction.write([Change(*key, None, previous, "DELETE")])[0]

    def read(self, resource_type: str, resource_id: str) -> StoredVersion | None:
        """Give the current version."""
        with self.store.snapshot(one_statement=True) as snapshot:
            return snapshot.read(resource_type, resource_id)

    def found(self, keys: Sequence[ResourceKey]) -> dict[ResourceKey, StoredVersion]:
        """Give the current versions."""
        with self.store.snapshot() as snapshot:
            return snapshot.read_many(keys)


@dataclass
class Threads:
    """Runs one function on many threads at the same moment; what they gave and what they raised."""

    results: list[Any] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    @classmethod
    def run(cls, number: int, work: Callable[[int], Any]) -> "Threads":
        """Run `work(0)`, `work(1)`, … together and wait for all of them."""
        outcome = cls()
        gate = threading.Barrier(number)

        def one(index: int) -> None:
            gate.wait()
            try:
                outcome.results.append(work(index))
            except Failure as failure:
                outcome.failures.append(failure)
            except BaseException as error:  # noqa: BLE001 - shown to the test, which fails on it
                outcome.errors.append(error)

        threads = [threading.Thread(target=one, args=(index,)) for index in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads), "a thread waits for ever"
        assert not outcome.errors, outcome.errors
        return outcome
