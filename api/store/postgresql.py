"""PostgreSQL as a `Database`: three pools, time-outs everywhere, and honest commits.

One-statement reads run on connections in autocommit, which saves BEGIN and COMMIT; reads of several
statements see one REPEATABLE READ snapshot; writes are READ COMMITTED, so that what they read after
waiting for a lock is what its last holder left.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.engine import make_url

from api.store.connection import OpenConnection
from api.store.failures import ambiguous_commit, failure_of

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


class PostgreSQLDatabase:
    """One PostgreSQL database, shared with other processes."""

    def __init__(self, database_url: str, pool_size: int = POOL_SIZE) -> None:
        """Make the pools. Nothing is connected yet: a database may come up after its server."""
        self.reads_inline = False
        self.notice: str | None = None
        self._autocommit = _engine(database_url, pool_size, "AUTOCOMMIT")
        self._snapshots = _engine(database_url, pool_size, "REPEATABLE READ")
        self._writes = _engine(database_url, pool_size, "READ COMMITTED")

    def reading(self, *, one_statement: bool) -> AbstractContextManager[OpenConnection]:
        """Lend a connection in autocommit, or within a read-only snapshot."""
        return _reading(self._autocommit if one_statement else self._snapshots)

    def writing(self) -> AbstractContextManager[OpenConnection]:
        """Lend a connection within a transaction that is committed at the end."""
        return _writing(self._writes)

    def close(self) -> None:
        """Close every connection."""
        for engine in (self._autocommit, self._snapshots, self._writes):
            engine.dispose()


def _engine(database_url: str, pool_size: int, isolation_level: str) -> Engine:
    engine = create_engine(
        make_url(database_url).set(drivername="postgresql+psycopg"),
        isolation_level=isolation_level,
        connect_args=connect_arguments(),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_recycle=1800,
        skip_autocommit_rollback=isolation_level == "AUTOCOMMIT",
    )
    event.listen(engine, "checkin", _note_time)
    event.listen(engine, "checkout", _ping_when_idle)
    if isolation_level == "REPEATABLE READ":
        event.listen(engine, "connect", _make_read_only)
    return engine


def _make_read_only(driver: Any, _record: Any) -> None:
    driver.read_only = True


def _note_time(_driver: Any, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


def _ping_when_idle(driver: Any, record: Any, _proxy: Any) -> None:
    """Throw away a connection that died while it was idle, before a request meets it.

    A ping is a round trip, so one that was in use a moment ago is trusted.
    """
    if time.monotonic() - record.info.get("idle_since", time.monotonic()) < _PING_AFTER_SECONDS:
        return
    before = driver.autocommit
    try:
        driver.autocommit = True
        driver.execute("SELECT 1")
        driver.autocommit = before
    except Exception as error:
        raise DisconnectionError from error


@contextmanager
def _reading(engine: Engine) -> Iterator[OpenConnection]:
    try:
        with engine.connect() as core:
            with _drops_what_is_broken(core):
                yield OpenConnection(core)
    except Exception as error:
        raise failure_of(error) or error from error


@contextmanager
def _writing(engine: Engine) -> Iterator[OpenConnection]:
    try:
        with engine.connect() as core:
            with _drops_what_is_broken(core):
                yield OpenConnection(core)
            _commit(core)
    except Exception as error:
        raise failure_of(error) or error from error


@contextmanager
def _drops_what_is_broken(core: Connection) -> Iterator[None]:
    """Take a connection out of its pool when it is lost in a statement run on the driver."""
    fairy = core.connection
    try:
        yield
    except Exception:
        driver: Any = fairy.driver_connection
        if driver is not None and driver.closed:
            core.invalidate()
        raise


def _commit(core: Connection) -> None:
    driver: Any = core.connection.driver_connection
    try:
        driver.commit()
    except Exception as error:
        if driver.closed:
            core.invalidate()
            raise ambiguous_commit() from error
        raise
