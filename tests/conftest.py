"""Databases and applications for every test.

A test that asks for `service` runs twice, on SQLite and on a real PostgreSQL. Each worker of
pytest-xdist has databases of its own. Nothing is emptied between tests: commits are what is tested,
so a test marks what it writes with `unique_name()`, or asks for `empty_service`, which has a fresh
database. PostgreSQL is never skipped: where it cannot start, the tests fail.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.postgresql import PostgreSQLServer, postgresql_server
from tests.service import Service, running_service

KINDS = ("sqlite", "postgresql")
FIRST_INSTANT = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z in microseconds


@dataclass
class Databases:
    """Makes migrated databases of both kinds, and the services that many tests share."""

    directory: Path
    open: ExitStack
    shared: dict[tuple[str, str], Service] = field(default_factory=dict)
    _postgresql: PostgreSQLServer | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def new(self, kind: str) -> str:
        """The address of one more database, with every migration applied."""
        # Imported here, so that unit tests need not load the store.
        from api.store import migration  # noqa: PLC0415

        number = next(self._numbers)
        if kind == "sqlite":
            url = f"sqlite:///{self.directory / f'database{number}.sqlite'}"
        else:
            url = self.postgresql().create_database(f"database{number}")
        migration.upgrade(url)
        return url

    def postgresql(self) -> PostgreSQLServer:
        """The PostgreSQL of this worker, started when it is first needed."""
        if self._postgresql is None:
            self._postgresql = self.open.enter_context(postgresql_server())
        return self._postgresql

    def service(self, kind: str, references: str) -> Service:
        """A service that lasts until the end of the session."""
        if (kind, references) not in self.shared:
            running = running_service(self.new(kind), self.directory, references=references)
            self.shared[kind, references] = self.open.enter_context(running)
        return self.shared[kind, references]


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Everything that is kept until the session ends."""
    with ExitStack() as stack:
        yield Databases(tmp_path_factory.mktemp("databases"), stack)


@pytest.fixture(scope="session", params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each test runs on both."""
    return str(request.param)


@pytest.fixture(scope="session")
def engine_url(databases: Databases, database_kind: str) -> str:
    """A migrated database that no service has open."""
    return databases.new(database_kind)


@pytest.fixture
def new_database(databases: Databases, database_kind: str) -> Callable[[], str]:
    """Gives the address of a fresh, migrated database at each call."""
    return lambda: databases.new(database_kind)


@pytest.fixture
def service(databases: Databases, database_kind: str) -> Service:
    """The application as it is served, with references checked."""
    return databases.service(database_kind, "refuse")


@pytest.fixture
def allowing_service(databases: Databases, database_kind: str) -> Service:
    """The application with `--references allow`."""
    return databases.service(database_kind, "allow")


@pytest.fixture
def client(service: Service) -> httpx.Client:
    """A plain HTTP client of the service."""
    return service.client


@pytest.fixture
def empty_service(new_database: Callable[[], str], tmp_path: Path) -> Iterator[Service]:
    """A service on a database in which nothing has been written yet."""
    with running_service(new_database(), tmp_path) as fresh:
        yield fresh


@dataclass
class TickingClock:
    """A clock that is one second further whenever it is asked."""

    now: int = FIRST_INSTANT

    def __call__(self) -> int:
        """Microseconds since 1970."""
        self.now += 1_000_000
        return self.now


@pytest.fixture
def exact_service(new_database: Callable[[], str], tmp_path: Path) -> Iterator[Service]:
    """A service whose clock ticks and whose ids count, so that headers are known beforehand."""
    numbers = itertools.count(1)
    wiring: dict[str, Any] = {"clock": TickingClock(), "ids": lambda: f"id-{next(numbers)}"}
    with running_service(new_database(), tmp_path, wiring=wiring) as fresh:
        yield fresh
