"""One process per SQLite file, and only versions of SQLite that keep it whole."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.fhir.outcome import Failure
from api.store import migration, sqlite, sqlite_file
from api.store.session import Store
from api.store.sqlite_file import StoreInUseError
from tests.store.records import Clock, Records, Threads, patient

OWNER = "http://127.0.0.1:8000"
TRY_TO_OPEN = """
import sys
from api.store.session import Store
from api.store.sqlite_file import StoreInUseError
try:
    Store.open(sys.argv[1], clock=lambda: 0, owner="http://127.0.0.1:9000")
except StoreInUseError as error:
    print(error)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new directory" / "records.sqlite"


def opened(path: Path) -> Store:
    return Store.open(f"sqlite:///{path}", clock=Clock(), owner=OWNER, create=True)


def test_a_second_process_is_told_who_has_the_file(path: Path) -> None:
    store = opened(path)
    try:
        command = [sys.executable, "-c", TRY_TO_OPEN, f"sqlite:///{path}"]
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    finally:
        store.close()
    assert str(path) in said
    assert OWNER in said


def test_a_second_store_in_the_same_process_is_refused_too(path: Path) -> None:
    store = opened(path)
    with pytest.raises(StoreInUseError, match=OWNER):
        Store.open(f"sqlite:///{path}", clock=Clock())
    store.close()
    Store.open(f"sqlite:///{path}", clock=Clock()).close()


def test_a_migration_beside_a_running_server_is_refused(path: Path) -> None:
    store = opened(path)
    with pytest.raises(StoreInUseError, match=OWNER):
        migration.upgrade(f"sqlite:///{path}")
    assert migration.is_current(f"sqlite:///{path}")
    Records(store).put(patient("a"))
    store.close()


def test_a_lock_file_that_a_crash_left_behind_stops_nobody(path: Path) -> None:
    path.parent.mkdir()
    Path(f"{path}.lock").write_text(json.dumps({"pid": 1, "owner": OWNER}))
    opened(path).close()


def test_the_writer_is_durable_and_readers_cannot_write(path: Path) -> None:
    store = opened(path)
    connection: Any
    with store._database.writing() as connection:
        settings = {
            name: connection.driver.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "mmap_size")
        }
    with store._database.reading(one_statement=True) as connection:
        assert connection.driver.execute("PRAGMA query_only").fetchone() == (1,)
        assert connection.driver.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
    store.close()
    assert settings["synchronous"] == 2
    assert settings["foreign_keys"] == 1
    assert settings["mmap_size"] == 0
    assert settings["journal_mode"] == "wal"


@pytest.mark.parametrize(
    ("version", "is_safe"),
    [
        ((3, 51, 3), True),
        ((3, 53, 4), True),
        ((4, 0, 0), True),
        ((3, 51, 2), False),
        ((3, 50, 7), True),
        ((3, 50, 6), False),
        ((3, 44, 6), True),
        ((3, 44, 5), False),
        ((3, 45, 9), False),
        ((3, 40, 1), False),
    ],
)
def test_versions_that_can_corrupt_a_wal_are_known(
    version: tuple[int, ...], *, is_safe: bool
) -> None:
    assert sqlite_file.is_wal_safe(version) is is_safe
    assert (sqlite_file.notice_about(version) is None) is is_safe


def test_an_old_sqlite_works_on_one_connection_without_a_wal_and_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "is_wal_safe", lambda _version: False)
    store = opened(path)
    assert not store.reads_inline
    assert store.notice is not None
    assert "SQLite" in store.notice
    records = Records(store)

    def write_and_read(number: int) -> None:
        for step in range(5):
            written = records.put(patient(f"p{number}-{step}"))[0]
            assert records.read("Patient", written.resource_id) == written

    Threads.run(8, write_and_read)
    with store._database.writing() as connection:
        raw: Any = connection.driver
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
    assert not Path(f"{path}-wal").exists()
    store.close()


def test_a_memory_database_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="must name a file"):
        Store.open("sqlite://", clock=Clock())


def test_a_database_that_was_never_migrated_is_refused_with_a_sentence(path: Path) -> None:
    with pytest.raises(migration.OutdatedSchemaError, match="migrate"):
        Store.open(f"sqlite:///{path}", clock=Clock())
    assert not path.exists()


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is not a database, and long enough to be looked at" * 40)
    with pytest.raises(Failure, match="not a database"):
        Store.open(f"sqlite:///{path}", clock=Clock())
    # The lock was given back: the operator can put the right file there and try again.
    path.unlink()
    opened(path).close()


def test_few_readers_are_kept_however_many_read_at_once(path: Path) -> None:
    store = opened(path)
    Records(store).put(patient("a"))

    def read(_: int) -> None:
        with store.snapshot() as snapshot:
            for _ in range(20):
                assert snapshot.read("Patient", "a") is not None

    Threads.run(24, read)
    assert isinstance(store._database, sqlite.SQLiteDatabase)
    assert len(store._database._readers) <= 8
    store.close()
