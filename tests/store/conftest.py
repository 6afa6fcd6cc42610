"""A fresh store for each test, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest

from api.store.session import Store
from tests.store.records import Clock, Records


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is told otherwise."""
    return Clock()


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """The address of a fresh, migrated database."""
    return new_database()


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[Store]:
    """A store that is empty."""
    opened = Store.open(database_url, clock=clock, base_url="http://runspine.test/fhir")
    yield opened
    opened.close()


@pytest.fixture
def records(store: Store) -> Records:
    """Short ways to write and read whole resources."""
    return Records(store)
