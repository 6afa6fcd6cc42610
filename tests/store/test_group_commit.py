"""Many transactions, one COMMIT: each is on its own, and none is acknowledged too early."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.fhir.outcome import Failure, FailureKind
from api.store import migration, sqlite_file
from api.store.session import Store
from tests.store.records import Clock, Records, Threads, patient, put


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.sqlite"


@pytest.fixture
def file_store(path: Path, clock: Clock) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{path}", clock=clock, create=True)
    yield store
    store.close()


def committed(path: Path) -> set[str]:
    """The ids that another connection sees, which is what is committed."""
    module = sqlite_file.driver()
    connection = module.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return {row[0] for row in connection.execute("SELECT resource_id FROM resource")}
    finally:
        connection.close()


def test_what_is_acknowledged_is_committed(path: Path, file_store: Store) -> None:
    def write(number: int) -> None:
        for step in range(25):
            resource_id = f"p{number}-{step}"
            Records(file_store).put(patient(resource_id))
            assert resource_id in committed(path)

    Threads.run(8, write)
    assert len(committed(path)) == 200


def test_a_failed_transaction_does_not_hurt_its_neighbours(path: Path, file_store: Store) -> None:
    def keeps_going(number: int) -> None:
        for step in range(25):
            try:
                with file_store.transaction() as transaction:
                    transaction.write([put(transaction, patient(f"p{number}-{step}"))])
                    if (number + step) % 2:
                        raise ZeroDivisionError  # noqa: TRY301 - the failure under test
            except ZeroDivisionError:
                pass

    Threads.run(8, keeps_going)
    wanted = {f"p{n}-{s}" for n in range(8) for s in range(25) if not (n + s) % 2}
    assert committed(path) == wanted


def test_a_reader_sees_nothing_of_a_group_that_is_not_committed(file_store: Store) -> None:
    with file_store.transaction() as transaction:
        transaction.write([put(transaction, patient("a"))])
        with file_store.snapshot() as snapshot:
            assert snapshot.read("Patient", "a") is None
    assert Records(file_store).read("Patient", "a") is not None


def test_a_snapshot_stays_as_it_was(file_store: Store) -> None:
    records = Records(file_store)
    records.put(patient("a"))
    with file_store.snapshot() as snapshot:
        before = snapshot.read("Patient", "a")
        records.put(patient("a", active=True))
        assert snapshot.read("Patient", "a") == before
        assert snapshot.vread("Patient", "a", 2) is None


def test_a_snapshot_cannot_write(file_store: Store) -> None:
    connection: Any
    with file_store._database.reading(one_statement=False) as connection:
        reader = connection.driver
        with pytest.raises(sqlite_file.driver().OperationalError, match="readonly"):
            reader.execute("DELETE FROM resource")


def test_one_commit_carries_the_transactions_that_waited(file_store: Store) -> None:
    started, may_end = threading.Event(), threading.Event()
    commits = 0

    def count(statement: str) -> None:
        nonlocal commits
        commits += statement == "COMMIT"

    def holds_the_turn() -> None:
        with file_store.transaction() as transaction:
            transaction.write([put(transaction, patient("first"))])
            transaction._connection.driver.set_trace_callback(count)
            started.set()
            may_end.wait(10)

    first = threading.Thread(target=holds_the_turn)
    first.start()
    started.wait(10)
    others = [
        threading.Thread(target=Records(file_store).put, args=(patient(f"p{number}"),))
        for number in range(10)
    ]
    for thread in others:
        thread.start()
    time.sleep(0.02)  # until they all wait for their turn; well within the age of a group
    may_end.set()
    for thread in (first, *others):
        thread.join(10)
    assert len(Records(file_store).found([("Patient", f"p{n}") for n in range(10)])) == 10
    assert 1 <= commits <= 3


def test_a_transaction_within_a_transaction_is_an_error_and_not_a_standstill(
    file_store: Store,
) -> None:
    began = time.monotonic()
    with pytest.raises(RuntimeError), file_store.transaction(), file_store.transaction():
        pass
    assert time.monotonic() - began < 1


def test_a_file_that_another_program_holds_is_busy_and_works_again_afterwards(
    path: Path, file_store: Store
) -> None:
    # The same SQLite library: the locks of a second one within a process would not be seen.
    outsider = sqlite_file.driver().connect(str(path), isolation_level=None)
    outsider.execute("BEGIN IMMEDIATE")
    with pytest.raises(Failure) as busy:
        Records(file_store).put(patient("a"))
    assert busy.value.kind is FailureKind.BUSY
    assert Records(file_store).read("Patient", "a") is None
    outsider.execute("ROLLBACK")
    outsider.close()
    Records(file_store).put(patient("a"))
    assert committed(path) == {"a"}


FULL_DISK = """
import json, resource, signal, sys
from tests.store.records import Clock, Records, Threads, patient
from api.fhir.outcome import Failure
from api.store.session import Store

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails as on a full disk
store = Store.open(sys.argv[1], clock=Clock())
records = Records(store)
acknowledged, refused = [], []

def write(number):
    for step in range(200):
        resource_id = f"p{number}-{step}"
        try:
            records.put(patient(resource_id, text={"status": "empty", "div": "x" * 3000}))
        except Failure as failure:
            refused.append(failure.kind.name)
        else:
            acknowledged.append(resource_id)

hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, hard))
Threads.run(4, write)
read_while_full = sum(records.read("Patient", each) is not None for each in acknowledged)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
records.put(patient("afterwards"))
store.close()
print(json.dumps([acknowledged, sorted(set(refused)), read_while_full]))
"""


def test_a_full_disk_fails_the_group_keeps_what_was_acknowledged_and_heals(path: Path) -> None:
    url = f"sqlite:///{path}"
    migration.upgrade(url)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, url], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    acknowledged, refused, read_while_full = json.loads(done.stdout)
    assert refused == ["BUSY"]
    assert acknowledged, "the disk was full from the beginning"
    assert read_while_full == len(acknowledged)
    assert committed(path) == {*acknowledged, "afterwards"}
