"""PostgreSQL as a `Database`: three pools, time-outs everywhere, and honest commits.

One-statement reads run on connections in autocommit, which saves BEGIN and COMMIT; reads of several
statements see one REPEATABLE READ snapshot; writes are READ COMMITTED, so that what they read after
waiting for a lock is what its last holder left.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal, TypeAlias

import psycopg
from psycopg.pq import Format
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError

from api.store.connection import OpenConnection, driver_connection
from api.store.failures import ambiguous_commit, failure_of

IsolationLevel: TypeAlias = Literal["AUTOCOMMIT", "REPEATABLE READ", "READ COMMITTED"]

#: Of each of the three pools. As many threads as this can use the store without waiting.
POOL_SIZE = 16
POOL_WAIT_SECONDS = 1.5
_PING_AFTER_SECONDS = 1.0
_SESSION = {
    "statement_timeout": "10s",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "15s",
    "timezone": "UTC",
    # The statements are by key or by index: planning them anew each time costs more than it wins.
    "jit": "off",
}


def connect_arguments() -> dict[str, Any]:
    """Give what every connection is opened with, so that nothing can hang for ever."""
    return {
        "application_name": "runspine",
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
    }


class _BinaryCursor(psycopg.Cursor[Any]):
    """Takes results in binary form: a thousand resources as bytea in a quarter of the time."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.format = Format.BINARY


class PostgreSQLDatabase:
    """One PostgreSQL database, shared with other processes."""

    def __init__(self, database_url: str, pool_size: int = POOL_SIZE) -> None:
        """Make the pools. Nothing is connected yet: a database may come up after its server."""
        self.reads_inline = False
        self.notice: str | None = None
        self._trust = _Trust()
        self._autocommit = self._engine(database_url, pool_size, "AUTOCOMMIT")
        self._snapshots = self._engine(database_url, pool_size, "REPEATABLE READ")
        self._writes = self._engine(database_url, pool_size, "READ COMMITTED")

    def reading(self, *, one_statement: bool) -> AbstractContextManager[OpenConnection]:
        """Lend a connection in autocommit, or within a read-only snapshot."""
        return self._lend(self._autocommit if one_statement else self._snapshots)

    def writing(self) -> AbstractContextManager[OpenConnection]:
        """Lend a connection within a transaction that is committed at the end."""
        return self._lend(self._writes, commits=True)

    def close(self) -> None:
        """Close every connection."""
        for engine in (self._autocommit, self._snapshots, self._writes):
            engine.dispose()

    @contextmanager
    def _lend(self, engine: Engine, *, commits: bool = False) -> Iterator[OpenConnection]:
        try:
            with engine.connect() as core, self._trust.watched(core):
                yield OpenConnection(core)
                if commits:
                    _commit(core)
        except Exception as error:
            raise failure_of(error) or error from error

    def _engine(self, database_url: str, pool_size: int, isolation_level: IsolationLevel) -> Engine:
        engine = create_engine(
            make_url(database_url).set(drivername="postgresql+psycopg"),
            isolation_level=isolation_level,
            connect_args={**connect_arguments(), "cursor_factory": _BinaryCursor},
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_recycle=1800,
            skip_autocommit_rollback=isolation_level == "AUTOCOMMIT",
        )
        event.listen(engine, "checkin", self._trust.note_return)
        event.listen(engine, "checkout", self._trust.check)
        if isolation_level == "REPEATABLE READ":
            event.listen(engine, "connect", _make_read_only)
        return engine


class _Trust:
    """Which idle connections are asked whether they live, before a request meets a dead one.

    A ping is a round trip, so a connection that was in use a moment ago is trusted, unless another
    was lost since.
    """

    def __init__(self) -> None:
        self._lost_at = 0.0

    def note_return(self, _driver: Any, record: Any) -> None:
        """Remember when a connection went back to its pool."""
        record.info["idle_since"] = time.monotonic()

    def check(self, driver: Any, record: Any, _proxy: Any) -> None:
        """Ping a connection that is not trusted; the pool replaces one that does not answer."""
        now = time.monotonic()
        idle_since = record.info.get("idle_since", now)
        if idle_since > self._lost_at and now - idle_since < _PING_AFTER_SECONDS:
            return
        before = driver.autocommit
        try:
            driver.autocommit = True
            driver.execute("SELECT 1")
            driver.autocommit = before
        except Exception as error:
            raise DisconnectionError from error

    @contextmanager
    def watched(self, core: Connection) -> Iterator[None]:
        """Take a connection out of its pool when it is lost, and trust none of the others."""
        driver: Any = driver_connection(core)
        try:
            yield
        except Exception:
            if driver.closed:
                self._lost_at = time.monotonic()
                core.invalidate()
            raise


def _make_read_only(driver: Any, _record: Any) -> None:
    driver.read_only = True


def _commit(core: Connection) -> None:
    driver: Any = driver_connection(core)
    try:
        driver.commit()
    except Exception as error:
        if driver.closed:
            raise ambiguous_commit() from error
        raise
