"""Migrations, up and down, with data in them, on both databases."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, select, text

from api.store import migration
from api.store.migration import OutdatedSchemaError
from api.store.session import Store
from api.store.sqlite_file import StoreInUseError
from api.store.tables import metadata, resource, resource_history
from tests.store.records import Clock, Records, Threads, patient


@contextmanager
def opened(database_url: str) -> Iterator[Connection]:
    """A plain connection to a database that nobody has open."""
    with migration.owned(database_url) as connection:
        yield connection


def test_the_tables_that_migrations_make_are_the_tables_of_the_program(database_url: str) -> None:
    with opened(database_url) as connection:
        options = {"compare_type": True, "include_name": is_ordinary}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def is_ordinary(name: str | None, kind: str, _parents: object) -> bool:
    """Whether this is no part of `index_text`, which is of another make on each database."""
    return kind != "table" or not (name or "").startswith("index_text")


def test_every_key_and_every_index_begins_with_the_tenant(database_url: str) -> None:
    with opened(database_url) as connection:
        found = MetaData()
        found.reflect(connection)
    # The words of a tenant begin with it, and row ids are unique among tenants: `full_text`.
    tables = [
        table
        for table in found.sorted_tables
        if table.name != "alembic_version" and not table.name.startswith("index_text")
    ]
    assert {table.name for table in tables} == set(metadata.tables)
    for table in tables:
        keys = [list(table.primary_key.columns.keys())]
        keys += [list(index.columns.keys()) for index in table.indexes]
        with opened(database_url) as connection:
            unique = inspect(connection).get_unique_constraints(table.name)
        keys += [constraint["column_names"] for constraint in unique]
        assert all(key[0] == "tenant" for key in keys), (table.name, keys)


def test_down_and_up_again_with_data(database_url: str) -> None:
    store = Store.open(database_url, clock=Clock())
    Records(store).put(patient("a"))
    Records(store).delete("Patient", "a")
    store.close()
    migration.downgrade(database_url, "base")
    assert migration.current_revision(database_url) is None
    with opened(database_url) as connection:
        left = set(inspect(connection).get_table_names())
    assert left <= {"alembic_version"}
    migration.upgrade(database_url)
    assert migration.is_current(database_url)
    store = Store.open(database_url, clock=Clock())
    assert Records(store).read("Patient", "a") is None
    assert Records(store).put(patient("a"))[0].version_id == 1
    store.close()


def test_an_upgrade_of_a_current_database_changes_nothing(database_url: str) -> None:
    store = Store.open(database_url, clock=Clock())
    written = Records(store).put(patient("a"))[0]
    store.close()
    migration.upgrade(database_url)
    store = Store.open(database_url, clock=Clock())
    assert Records(store).read("Patient", "a") == written
    store.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str) -> None:
    store = Store.open(database_url, clock=Clock())
    Records(store).put(patient("a"))
    store.close()

    def fails_half_way() -> None:
        with migration.owned(database_url) as connection:
            connection.execute(text("DROP TABLE index_token"))
            connection.execute(text("DROP TABLE resource"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_half_way()
    with opened(database_url) as connection:
        assert connection.execute(select(resource.c.resource_id)).scalars().all() == ["a"]
        assert len(connection.execute(select(resource_history.c.version_id)).all()) == 1


def test_a_database_of_another_revision_is_refused_with_what_to_do(database_url: str) -> None:
    migration.downgrade(database_url, "base")
    assert not migration.is_current(database_url)
    with pytest.raises(OutdatedSchemaError, match="python -m api migrate"):
        Store.open(database_url, clock=Clock())


def test_two_starters_at_once_migrate_once(
    new_database: Callable[[], str], database_kind: str
) -> None:
    """On SQLite the file's owner goes first and the other is told so; on PostgreSQL it waits."""
    database_url = new_database()
    migration.downgrade(database_url, "base")
    refused: list[str] = []
    lock = threading.Lock()

    def start(_: int) -> None:
        try:
            migration.upgrade(database_url)
        except StoreInUseError as error:
            with lock:
                refused.append(str(error))

    Threads.run(4, start)
    assert migration.is_current(database_url)
    assert not refused or database_kind == "sqlite"
    with opened(database_url) as connection:
        tenants = connection.execute(text("SELECT tenant FROM tenant")).scalars().all()
    assert tenants == [1]


def test_the_revision_that_a_server_asks_for_is_the_newest_migration() -> None:
    newest = ScriptDirectory(str(Path(__file__).parents[2] / "migrations")).get_current_head()
    assert migration.head_revision() == newest
