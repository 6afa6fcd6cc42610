"""What a database error means to the client: the one table from driver errors to failures.

https://www.postgresql.org/docs/current/errcodes-appendix.html
https://www.sqlite.org/rescode.html

An error that is in no table is a bug of this server and is left as it is.
"""

from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.fhir.outcome import Failure, FailureKind


class Retryable(Failure):
    """Nothing was written, and the whole transaction may well succeed when it is run again."""


_RACED = "Another request wrote the same resource at the same moment; read it and try again."
_BUSY = "The database cannot write at the moment. Nothing was written; send the request again."
_SLOW = "The database did not answer in time. Nothing was written; ask for less, or try again."
_FULL = "The database has no room left, so nothing was written. Reading still works."
_DAMAGED = "The database file is damaged, or is not a database. An operator has to restore it."
_AMBIGUOUS = (
    "The connection to the database was lost while the change was being confirmed, so it may or "
    "may not be stored. Read the resource before you send it again."
)

# SQLSTATEs of PostgreSQL; the longest prefix that fits decides.
_POSTGRESQL: dict[str, tuple[type[Failure], FailureKind, str]] = {
    "23505": (Retryable, FailureKind.CONFLICT, _RACED),  # unique_violation: two creators
    "40001": (Retryable, FailureKind.BUSY, _BUSY),  # serialization_failure
    "40P01": (Retryable, FailureKind.BUSY, _BUSY),  # deadlock_detected
    "55P03": (Retryable, FailureKind.BUSY, _BUSY),  # lock_not_available: lock_timeout
    "57014": (Failure, FailureKind.TIMEOUT, _SLOW),  # query_canceled: statement_timeout
    "57P": (Retryable, FailureKind.BUSY, _BUSY),  # the server is stopping, starting or crashed
    "08": (Retryable, FailureKind.BUSY, _BUSY),  # connection exceptions
    "25P": (Failure, FailureKind.BUSY, _BUSY),  # idle in transaction for too long
    "25006": (Failure, FailureKind.BUSY, _BUSY),  # a standby: read only
    "53100": (Failure, FailureKind.BUSY, _FULL),  # disk_full
    "53": (Failure, FailureKind.BUSY, _BUSY),  # out of memory or of connections
    "58": (Failure, FailureKind.BUSY, _BUSY),  # input or output error
}
# Primary result codes of SQLite (the low byte of the extended ones).
_SQLITE: dict[int, tuple[type[Failure], FailureKind, str]] = {
    5: (Failure, FailureKind.BUSY, _BUSY),  # SQLITE_BUSY: a program outside holds the file
    6: (Failure, FailureKind.BUSY, _BUSY),  # SQLITE_LOCKED
    7: (Failure, FailureKind.BUSY, _BUSY),  # SQLITE_NOMEM
    8: (Failure, FailureKind.BUSY, _BUSY),  # SQLITE_READONLY: remounted read-only
    9: (Failure, FailureKind.TIMEOUT, _SLOW),  # SQLITE_INTERRUPT
    10: (Failure, FailureKind.BUSY, _BUSY),  # SQLITE_IOERR
    11: (Failure, FailureKind.BUSY, _DAMAGED),  # SQLITE_CORRUPT
    13: (Failure, FailureKind.BUSY, _FULL),  # SQLITE_FULL
    14: (Failure, FailureKind.BUSY, _BUSY),  # SQLITE_CANTOPEN
    26: (Failure, FailureKind.BUSY, _DAMAGED),  # SQLITE_NOTADB
}
_SQLITE_UNIQUE = "UNIQUE constraint failed"  # of a primary key too; the code tells no more


def raced() -> Retryable:
    """Say that another request was first with the same resource."""
    return Retryable(FailureKind.CONFLICT, _RACED)


def busy() -> Failure:
    """Say that nothing was written and that the request may be sent again."""
    return Failure(FailureKind.BUSY, _BUSY)


def ambiguous_commit() -> Failure:
    """Say that nobody knows whether the change was stored; never to be retried by the server."""
    return Failure(FailureKind.TIMEOUT, _AMBIGUOUS)


def failure_of(error: BaseException) -> Failure | None:
    """Give what a database error means, or None for anything that is not one."""
    if isinstance(error, PoolTimeoutError):
        return busy()
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    if hasattr(cause, "sqlite_errorcode"):
        return _of_sqlite(cause)
    if hasattr(cause, "sqlstate") and hasattr(cause, "diag"):
        return _of_postgresql(cause)
    return None


def _of_sqlite(error: Any) -> Failure | None:
    if str(error).startswith(_SQLITE_UNIQUE):
        return raced()
    row = _SQLITE.get(error.sqlite_errorcode & 0xFF)
    return row[0](row[1], row[2]) if row else None


def _of_postgresql(error: Any) -> Failure | None:
    state = error.sqlstate
    if state is None:
        # psycopg gives no SQLSTATE when it is the connection itself that was lost or refused.
        is_lost = type(error).__name__ == "OperationalError"
        return Retryable(FailureKind.BUSY, _BUSY) if is_lost else None
    for length in (5, 3, 2):
        row = _POSTGRESQL.get(state[:length])
        if row:
            return row[0](row[1], row[2])
    return None
