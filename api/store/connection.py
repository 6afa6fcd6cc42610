"""An open connection, seen from both sides: SQLAlchemy's and the driver's."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from sqlalchemy import Connection

from api.store.dialect import POSTGRESQL


class OpenConnection:
    """One connection; `core` runs SQLAlchemy expressions, `driver` statements compiled before.

    Both speak on the same line, within the same transaction.
    """

    __slots__ = ("core", "dialect", "driver")

    def __init__(self, core: Connection) -> None:
        self.core = core
        self.driver: Any = driver_connection(core)
        self.dialect = core.dialect.name

    def batch(self) -> AbstractContextManager[object]:
        """Send what is run within without waiting for each answer; errors come at the end.

        On PostgreSQL this saves a round trip a statement; SQLite answers at once anyway. Nothing
        within may depend on rows or on counts of rows.
        """
        return self.driver.pipeline() if self.dialect == POSTGRESQL else nullcontext()


def driver_connection(core: Connection) -> Any:
    """Give the driver's own connection below SQLAlchemy's."""
    return core.connection.driver_connection


class Database(Protocol):
    """What a `Store` needs of a database; there are two."""

    reads_inline: bool
    notice: str | None

    def reading(self, *, one_statement: bool) -> AbstractContextManager[OpenConnection]:
        """Lend a connection that can only read; all statements see one state of the data.

        With `one_statement` the caller promises to run no more than one.
        """
        ...

    def writing(self) -> AbstractContextManager[OpenConnection]:
        """Lend a connection within a transaction that is durable when the block has ended.

        Raises Failure BUSY or TIMEOUT when it could not be; then nothing was written.
        """
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
