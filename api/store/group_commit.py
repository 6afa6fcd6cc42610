"""The one write connection of SQLite, shared by taking turns, and its group commit.

A transaction holds the connection for its own SAVEPOINT only. When it is done it either commits for
everybody who has gone before it, if nobody is waiting for a turn, or leaves that to the next, and
then waits for the COMMIT that carries it. So while one COMMIT is being written to the disk the next
group gathers, and the price of an fsync is shared. Nothing is acknowledged before its COMMIT.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from api.fhir.outcome import Failure
from api.store.connection import OpenConnection
from api.store.failures import busy, failure_of

TURN_SECONDS = 10.0
_GROUP_MEMBERS = 64
_GROUP_SECONDS = 0.05
_LOOK_AGAIN_SECONDS = 0.1


class _Group:
    """The transactions that one COMMIT carries."""

    __slots__ = ("began", "done", "failure", "members")

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.members = 0
        self.done = threading.Event()
        self.failure: Failure | None = None


class GroupCommit:
    """Lends the write connection; `with GroupCommit.turn()` is one transaction."""

    def __init__(self, connect: Callable[[], OpenConnection]) -> None:
        """Open the connection with `connect`, now and whenever it has been lost."""
        self._connect = connect
        self._connection: OpenConnection | None = connect()
        self._turn = threading.Lock()
        self._holder: int | None = None
        self._counting = threading.Lock()
        self._waiting = 0
        self._group: _Group | None = None

    def turn(self) -> "Turn":
        """Give a context manager: one transaction, durable when it has ended without raising."""
        return Turn(self)

    def take(self) -> OpenConnection:
        """Wait for a turn and open a savepoint. Raises Failure BUSY."""
        if self._holder == threading.get_ident():
            raise RuntimeError("A transaction within a transaction would wait for itself for ever.")
        self._wait_for_turn()
        try:
            connection = self._opened()
            driver(connection).execute("SAVEPOINT one")
        except BaseException as error:
            self._release()
            raise failure_of(error) or error from error
        return connection

    def give_back(self, connection: OpenConnection, *, keep: bool) -> None:
        """Keep or undo what this turn wrote, and wait until it is durable. Raises Failure BUSY."""
        group = self._group
        assert group is not None  # noqa: S101 - a turn has a group
        try:
            self._end_savepoint(connection, group, keep=keep)
            if self._group is group and self._must_commit(group):
                self._commit(group)
        finally:
            self._release()
        self._await(group)

    def close(self) -> None:
        """Commit what is open, so that nobody waits for ever, and close the connection."""
        with self._turn:
            if self._group is not None:
                self._commit(self._group)
            self._disconnect()

    def _wait_for_turn(self) -> None:
        with self._counting:
            self._waiting += 1
        has_turn = self._turn.acquire(timeout=TURN_SECONDS)
        with self._counting:
            self._waiting -= 1
        if not has_turn:
            raise busy()
        self._holder = threading.get_ident()

    def _release(self) -> None:
        self._holder = None
        self._turn.release()

    def _opened(self) -> OpenConnection:
        if self._connection is None:
            self._connection = self._connect()
        if self._group is None:
            driver(self._connection).execute("BEGIN IMMEDIATE")
            self._group = _Group()
        return self._connection

    def _end_savepoint(self, connection: OpenConnection, group: _Group, *, keep: bool) -> None:
        try:
            if not keep:
                driver(connection).execute("ROLLBACK TO one")
            driver(connection).execute("RELEASE one")
            group.members += keep
        except Exception as error:  # noqa: BLE001 - whatever it is, the group is lost
            # A full disk or an I/O error within a statement makes SQLite undo the whole
            # transaction, and with it the neighbours that wait for this COMMIT.
            self._fail(group, error)

    def _must_commit(self, group: _Group) -> bool:
        return (
            self._waiting == 0
            or group.members >= _GROUP_MEMBERS
            or time.monotonic() - group.began > _GROUP_SECONDS
        )

    def _commit(self, group: _Group) -> None:
        assert self._connection is not None  # noqa: S101 - a group has a connection
        try:
            driver(self._connection).execute("COMMIT" if group.members else "ROLLBACK")
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was committed
            self._fail(group, error)
        else:
            self._group = None
            group.done.set()

    def _fail(self, group: _Group, error: Exception) -> None:
        """Tell the whole group that nothing of it was written, and trust the connection no more."""
        self._group = None
        self._disconnect()
        group.failure = failure_of(error) or busy()
        group.done.set()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it is being thrown away, with what is open on it
                connection.core.invalidate()
                connection.core.close()

    def _await(self, group: _Group) -> None:
        while not group.done.wait(_LOOK_AGAIN_SECONDS):
            # Whoever was to commit has given up waiting for its turn: then it is ours to do.
            if self._turn.acquire(blocking=False):
                try:
                    if self._group is group:
                        self._commit(group)
                finally:
                    self._turn.release()
        if group.failure is not None:
            raise Failure(group.failure.kind, *group.failure.issues)


class Turn:
    """One transaction on the write connection."""

    __slots__ = ("_connection", "_group_commit")

    def __init__(self, group_commit: GroupCommit) -> None:
        self._group_commit = group_commit
        self._connection: OpenConnection | None = None

    def __enter__(self) -> OpenConnection:
        self._connection = self._group_commit.take()
        return self._connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._connection is not None  # noqa: S101 - entered
        self._group_commit.give_back(self._connection, keep=error is None)
        meaning = failure_of(error) if error is not None else None
        if meaning is not None:
            raise meaning from error


def driver(connection: OpenConnection) -> Any:
    """Give the SQLite connection itself."""
    return connection.driver
