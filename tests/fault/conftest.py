"""Databases that survive: SQLite in a file, PostgreSQL with fsync."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.factories import unique_name
from tests.postgresql import postgresql_server


@pytest.fixture
def durable_database(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes a migrated database of a kind, on PostgreSQL with fsync as in production."""
    from api.store import migration  # noqa: PLC0415 - unit tests need not load the store.

    with ExitStack() as stack:

        def make(kind: str) -> str:
            if kind == "sqlite":
                url = f"sqlite:///{tmp_path / 'records.sqlite'}"
            else:
                cluster = stack.enter_context(postgresql_server(durable=True))
                url = cluster.create_database(unique_name("fault"))
            migration.upgrade(url)
            return url

        yield make
