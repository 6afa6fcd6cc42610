"""The SQLite file: which SQLite opens it, how, and which process owns it.

Versions of SQLite before 3.51.3 can corrupt a database in WAL mode when two connections write or
checkpoint at once (https://www.sqlite.org/wal.html#walresetbug); 3.50.7 and 3.44.6 carry the
correction too. Such a version still works, in a mode that needs no WAL.
"""

import fcntl
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.engine import make_url

from api.store.connection import OpenConnection

_FIXED_IN = (3, 51, 3)
_BACK_PORTS: dict[tuple[int, ...], int] = {(3, 50): 7, (3, 44): 6}
_BUSY_SECONDS = 5.0

WRITER_PRAGMAS = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "secure_delete=ON",
    "cell_size_check=ON",
    "journal_size_limit=67108864",
    "cache_size=-16384",
    "mmap_size=0",
    "temp_store=MEMORY",
)
READER_PRAGMAS = (
    "query_only=ON",
    # Only the writer checkpoints, so the WAL is never reset by two connections at once.
    "wal_autocheckpoint=0",
    "cache_size=-8192",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "mmap_size=0",
    "temp_store=MEMORY",
)


class StoreInUseError(Exception):
    """Another process owns the SQLite file; the message names it."""


def is_wal_safe(version: tuple[int, ...]) -> bool:
    """Whether this version of SQLite keeps a database in WAL mode whole."""
    return version >= _FIXED_IN or version[2] >= _BACK_PORTS.get(version[:2], 1_000)


def driver() -> ModuleType:
    """Give the best SQLite at hand: pysqlite3's when it is safe, else the standard library's."""
    import sqlite3  # noqa: PLC0415 - the fallback; see below

    try:
        import pysqlite3.dbapi2 as newer  # noqa: PLC0415 - has no wheel on some platforms
    except ImportError:
        return sqlite3.dbapi2
    module: ModuleType = newer
    return module if is_wal_safe(newer.sqlite_version_info) else sqlite3.dbapi2


def notice_about(version: tuple[int, ...]) -> str | None:
    """Give the sentence that an operator should read about this version, if there is one."""
    if is_wal_safe(version):
        return None
    return (
        f"SQLite {'.'.join(map(str, version))} can corrupt a database in WAL mode. RunSpine uses "
        "one connection and a rollback journal instead: safe, and slower. Installing pysqlite3 "
        "brings a newer SQLite."
    )


def path_of(database_url: str) -> Path:
    """Give the file of a `sqlite:///…` address; raise ValueError for one that names no file."""
    name = make_url(database_url).database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise ValueError("The database address must name a file, as sqlite:////data/runspine.db.")
    return Path(name).absolute()


def connect(path: Path, module: ModuleType, *, writes: bool, journal: str) -> OpenConnection:
    """Open the file. SQLAlchemy begins and ends no transaction on it: that is the caller's."""

    def open_file() -> Any:
        connection = module.connect(
            str(path), timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        if writes:
            connection.execute(f"PRAGMA journal_mode={journal}")
        for pragma in WRITER_PRAGMAS if writes else READER_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = create_engine("sqlite://", module=module, creator=open_file, poolclass=NullPool)
    core: Connection = engine.connect()
    return OpenConnection(core)


class FileOwnership:
    """The lock beside a SQLite file: one process owns the file for as long as this is open."""

    def __init__(self, path: Path, owner: str) -> None:
        """Take the lock, and write down who holds it. Raises StoreInUseError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._file, 4096)
            os.close(self._file)
            raise StoreInUseError(_in_use(path, holder)) from None
        self._write(json.dumps({"pid": os.getpid(), "owner": owner}).encode())

    def _write(self, text: bytes) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text, 0)

    def close(self) -> None:
        """Give the file back. The lock file stays: removing it would race with the next owner."""
        self._write(b"")
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _in_use(path: Path, holder: bytes) -> str:
    try:
        said = json.loads(holder)
        who = f"{said['owner']} (process {said['pid']})"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return f"{path} is in use by {who}. One process owns a SQLite file; stop that one first."
