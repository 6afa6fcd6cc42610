"""Migrations: bringing a database to the schema of this version, and asking where it stands.

Each runs within one transaction on both databases, so one that is interrupted leaves nothing half
done. Two servers that start at once do not clash: the second waits, and finds nothing to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from sqlalchemy import Connection, NullPool, create_engine, inspect, text
from sqlalchemy.engine import make_url

from api.store import sqlite_file
from api.store.failures import failure_of

if TYPE_CHECKING:
    from alembic.config import Config

SCHEMA_REVISION = "0002"
"""The newest revision in `migrations/versions`. Kept here, since a server that only asks where its
database stands need not load Alembic, which would take a third of its start."""

_SCRIPTS = Path(__file__).parents[2] / "migrations"
_OWNER = "a migration"
# The lock of migrations among the advisory locks of a database: any number of our own.
_LOCK = 0x52756E5370696E65
_LOCK_TIMEOUT = "10s"


class OutdatedSchemaError(Exception):
    """The database is not at the revision that this program needs; the message says what to do."""


def upgrade(database_url: str, revision: str = "head") -> None:
    """Apply migrations. Raises StoreInUseError beside a running server on a SQLite file."""
    with owned(database_url) as connection:
        _alembic().upgrade(_config(connection), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Undo migrations down to a revision, "base" for all of them. What they held is lost."""
    with owned(database_url) as connection:
        _alembic().downgrade(_config(connection), revision)


@cache
def head_revision() -> str:
    """Give the revision that this program is written for."""
    return SCHEMA_REVISION


def current_revision(database_url: str) -> str | None:
    """Give the revision of a database, None when it has none. Only reads, and locks nothing.

    Raises Failure BUSY when the database cannot be reached.
    """
    if database_url.startswith("sqlite") and not sqlite_file.path_of(database_url).exists():
        return None
    try:
        with _connected(database_url, writes=False) as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return None if found is None else str(found)
    except Exception as error:
        raise failure_of(error) or error from error


def is_current(database_url: str) -> bool:
    """Whether the database is at the revision of this program."""
    return current_revision(database_url) == head_revision()


def require_current(database_url: str) -> None:
    """Raise OutdatedSchemaError unless the database is at the revision of this program."""
    found, needed = current_revision(database_url), head_revision()
    if found != needed:
        raise OutdatedSchemaError(
            f"The database is at revision {found or 'none'} and this program needs {needed}. "
            "Run `python -m api migrate` with the same settings first."
        )


@contextmanager
def owned(database_url: str) -> Iterator[Connection]:
    """Open a transaction that nobody else migrates beside."""
    if database_url.startswith("sqlite"):
        path = sqlite_file.path_of(database_url)
        with sqlite_file.FileOwnership(path, _OWNER), _connected(database_url) as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.exec_driver_sql("COMMIT")
        return
    with _connected(database_url) as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        yield connection


@contextmanager
def _connected(database_url: str, *, writes: bool = True) -> Iterator[Connection]:
    if database_url.startswith("sqlite"):
        path = sqlite_file.path_of(database_url)
        module = sqlite_file.driver()
        opened = sqlite_file.connect(path, module, writes=writes, journal="TRUNCATE")
        try:
            yield opened.core
        finally:
            opened.core.close()
        return
    from api.store.postgresql import connect_arguments  # noqa: PLC0415 - SQLite needs no driver

    url = make_url(database_url).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool, connect_args=connect_arguments())
    with engine.connect() as connection:
        yield connection


def _alembic() -> ModuleType:
    from alembic import command  # noqa: PLC0415 - see SCHEMA_REVISION

    return command


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see SCHEMA_REVISION

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config
