"""PostgreSQL that is slow, locked, full of clients, or gone: an answer in time, and it heals."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from api.fhir.outcome import Failure, FailureKind
from api.store import postgresql
from api.store.session import Store
from tests.postgresql import PostgreSQLServer, postgresql_server
from tests.store.records import Clock, Records, Threads, patient, put


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQLServer]:
    """A server of its own, since it is killed here."""
    with postgresql_server() as running:
        yield running


@pytest.fixture
def pg_store(server: PostgreSQLServer, request: pytest.FixtureRequest) -> Iterator[Store]:
    name = request.node.name[:60]
    store = Store.open(server.create_database(name), clock=Clock(), create=True)
    yield store
    store.close()
    server.drop_database(name)


@contextmanager
def outsider(server: PostgreSQLServer, store: Store) -> Iterator[psycopg.Connection[Any]]:
    """A connection of another program to the store's database."""
    with store._database.reading(one_statement=True) as connection:
        name = connection.core.exec_driver_sql("SELECT current_database()").scalar_one()
    with server.connect(name) as other:
        yield other


def test_the_time_outs_are_set_on_every_connection(pg_store: Store) -> None:
    database = pg_store._database
    for loan in (
        database.reading(one_statement=True),
        database.reading(one_statement=False),
        database.writing(),
    ):
        with loan as connection:
            settings = {
                name: connection.core.exec_driver_sql(f"SHOW {name}").scalar_one()
                for name in (
                    "statement_timeout",
                    "lock_timeout",
                    "idle_in_transaction_session_timeout",
                    "application_name",
                )
            }
        assert list(settings.values()) == ["10s", "3s", "15s", "runspine"]


def test_a_snapshot_is_repeatable_and_cannot_write(pg_store: Store) -> None:
    records = Records(pg_store)
    records.put(patient("a"))
    with pg_store.snapshot() as snapshot:
        before = snapshot.read("Patient", "a")
        Threads.run(1, lambda _: records.put(patient("a", active=True)))
        assert snapshot.read("Patient", "a") == before
    with pytest.raises(Failure), pg_store._database.reading(one_statement=False) as connection:
        connection.core.exec_driver_sql("DELETE FROM match_key")


def test_a_lock_that_another_program_holds_is_busy_in_time(
    server: PostgreSQLServer, pg_store: Store
) -> None:
    with outsider(server, pg_store) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE resource IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(Failure) as busy:
            Records(pg_store).put(patient("a"))
        assert time.monotonic() - began < 6
        assert busy.value.kind is FailureKind.BUSY
        other.execute("ROLLBACK")
    assert Records(pg_store).put(patient("a"))


def test_a_statement_that_takes_too_long_is_a_time_out(pg_store: Store) -> None:

    def sleeps() -> None:
        with pg_store._database.writing() as connection:
            connection.core.exec_driver_sql("SET LOCAL statement_timeout = '100ms'")
            connection.core.exec_driver_sql("SELECT pg_sleep(5)")

    with pytest.raises(Failure) as slow:
        sleeps()
    assert slow.value.kind is FailureKind.TIMEOUT
    assert Records(pg_store).put(patient("a"))


def test_a_pool_without_a_free_connection_is_busy_within_two_seconds(pg_store: Store) -> None:
    release = threading.Event()

    def hold(_: int) -> None:
        with pg_store.transaction():
            release.wait(20)

    holders = [
        threading.Thread(target=hold, args=(number,)) for number in range(postgresql.POOL_SIZE)
    ]
    for thread in holders:
        thread.start()
    time.sleep(0.5)
    began = time.monotonic()
    with pytest.raises(Failure) as busy:
        Records(pg_store).put(patient("a"))
    assert time.monotonic() - began < 2
    assert busy.value.kind is FailureKind.BUSY
    release.set()
    for thread in holders:
        thread.join()
    assert Records(pg_store).put(patient("a"))


def kill_backends(other: psycopg.Connection[Any]) -> None:
    other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_a_connection_that_is_cut_before_the_commit_may_be_retried(
    server: PostgreSQLServer, pg_store: Store
) -> None:

    def is_cut() -> None:
        with outsider(server, pg_store) as other, pg_store.transaction() as transaction:
            transaction.read("Patient", "a")
            kill_backends(other)
            transaction.write([put(transaction, patient("a"))])

    with pytest.raises(Failure) as cut:
        is_cut()
    assert cut.value.kind is FailureKind.BUSY
    assert Store.is_retryable(cut.value)
    assert Records(pg_store).read("Patient", "a") is None
    assert Records(pg_store).put(patient("a"))


def test_a_connection_that_is_cut_in_the_commit_is_neither_a_success_nor_retried(
    server: PostgreSQLServer, pg_store: Store
) -> None:

    def is_cut() -> None:
        with outsider(server, pg_store) as other, pg_store.transaction() as transaction:
            transaction.write([put(transaction, patient("a"))])
            kill_backends(other)
            time.sleep(0.2)

    with pytest.raises(Failure) as cut:
        is_cut()
    assert cut.value.kind is FailureKind.TIMEOUT
    assert "may or may not" in str(cut.value)
    assert not Store.is_retryable(cut.value)
    assert Records(pg_store).put(patient("b"))


def test_connections_that_died_while_idle_are_replaced_unseen(
    server: PostgreSQLServer, pg_store: Store
) -> None:
    records = Records(pg_store)
    records.put(patient("a"))
    records.read("Patient", "a")
    with outsider(server, pg_store) as other:
        kill_backends(other)
    time.sleep(1.2)
    assert records.read("Patient", "a") is not None
    assert records.put(patient("b"))


def test_a_database_that_is_down_is_busy_and_heals_without_a_restart_of_the_server(
    server: PostgreSQLServer, pg_store: Store
) -> None:
    records = Records(pg_store)
    written = records.put(patient("a"))[0]
    server.kill()
    for attempt in (lambda: records.read("Patient", "a"), lambda: records.put(patient("b"))):
        with pytest.raises(Failure) as busy:
            attempt()
        assert busy.value.kind is FailureKind.BUSY
    server.start()
    assert records.read("Patient", "a") == written
    assert records.put(patient("b"))
