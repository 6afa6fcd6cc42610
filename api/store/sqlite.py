"""SQLite as a `Database`: one writer with group commit, a few readers, one owning process."""

from collections import deque
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from api.store import sqlite_file
from api.store.connection import OpenConnection
from api.store.failures import failure_of
from api.store.group_commit import GroupCommit

_IDLE_READERS = 8


class SQLiteDatabase:
    """One SQLite file, owned by this process while it is open."""

    def __init__(self, path: Path, owner: str) -> None:
        """Open the file for `owner`, the address that another process is told.

        Raises StoreInUseError, and Failure BUSY when the file cannot be opened.
        """
        self._path = path
        self._module = sqlite_file.driver()
        version = self._module.sqlite_version_info
        self.notice = sqlite_file.notice_about(version)
        self.reads_inline = sqlite_file.is_wal_safe(version)
        self._ownership = sqlite_file.FileOwnership(path, owner)
        self._readers: deque[OpenConnection] = deque()
        try:
            self._writer = GroupCommit(self._connect_writer)
        except BaseException as error:
            self._ownership.close()
            raise failure_of(error) or error from error

    def reading(self, *, one_statement: bool) -> AbstractContextManager[OpenConnection]:
        """Lend a connection that can only read. A single statement sees one state by itself."""
        if not self.reads_inline:
            return self._writer.turn()
        return _Reading(self, one_statement=one_statement)

    def writing(self) -> AbstractContextManager[OpenConnection]:
        """Lend the write connection for one transaction of a group."""
        return self._writer.turn()

    def close(self) -> None:
        """Close every connection and give the file back."""
        self._writer.close()
        while self._readers:
            self._readers.pop().core.close()
        self._ownership.close()

    def take_reader(self) -> OpenConnection:
        """Take the reader that was used last, whose cache is warm, or open one more.

        No reader waits for another: there are never more than threads that read.
        """
        try:
            return self._readers.pop()
        except IndexError:
            return sqlite_file.connect(self._path, self._module, writes=False, journal="WAL")

    def return_reader(self, connection: OpenConnection) -> None:
        """Keep a reader for the next, or close it when enough are idle."""
        if len(self._readers) < _IDLE_READERS:
            self._readers.append(connection)
        else:
            connection.core.close()

    def _connect_writer(self) -> OpenConnection:
        journal = "WAL" if self.reads_inline else "TRUNCATE"
        return sqlite_file.connect(self._path, self._module, writes=True, journal=journal)


class _Reading:
    """One loan of a reader; a class, because it is on the way of every read."""

    __slots__ = ("_connection", "_database", "_one_statement")

    def __init__(self, database: SQLiteDatabase, *, one_statement: bool) -> None:
        self._database = database
        self._one_statement = one_statement
        self._connection: OpenConnection | None = None

    def __enter__(self) -> OpenConnection:
        connection = self._database.take_reader()
        if not self._one_statement:
            raw: Any = connection.driver
            raw.execute("BEGIN")
        self._connection = connection
        return connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        connection = self._connection
        assert connection is not None  # noqa: S101 - entered
        raw: Any = connection.driver
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        self._database.return_reader(connection)
        meaning = failure_of(error) if error is not None else None
        if meaning is not None:
            raise meaning from error
