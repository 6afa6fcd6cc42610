"""kill -9 during writes: nothing acknowledged is lost, nothing is half done."""

import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.factories import encoded, unique_name
from tests.fault.ledger import Client, Ledger, Operation, marked, problems, under_load
from tests.postgresql import postgresql_server
from tests.server import Server, running_server, start_server

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

KILLS = 20
POSTMASTER_KILLS = 4


def kill_and_check(database_url: str, directory: Path, ledger: Ledger) -> None:
    """Start, check what the last kill left, load, kill; and once more at the end."""
    checked = 0
    moments = random.Random(20260101)  # noqa: S311 - the moments only need to differ.
    for _ in range(KILLS):
        server = start_server(database_url, directory)
        try:
            operations = ledger.everything()
            assert problems(operations[checked:], server.port) == []
            checked = len(operations)
            with under_load(ledger, server.port):
                time.sleep(moments.uniform(0.05, 0.6))
                server.kill()
        finally:
            if server.process.poll() is None:
                server.kill()
    with running_server(database_url, directory) as server:
        assert problems(ledger.everything(), server.port) == []
        assert server.stop() == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    kind: str, tmp_path: Path, durable_database: Callable[[str], str]
) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    kill_and_check(durable_database(kind), tmp_path, ledger)
    acknowledged = len(ledger.acknowledged())
    print(f"{kind}: {KILLS} kills, {acknowledged} acknowledged writes, 0 lost, 0 half applied")  # noqa: T201
    assert acknowledged >= KILLS * 5, "the load was too small to show anything"


def test_a_sqlite_file_is_sound_after_a_kill(
    tmp_path: Path, durable_database: Callable[[str], str]
) -> None:
    url = durable_database("sqlite")
    server = start_server(url, tmp_path)
    with under_load(Ledger(tmp_path / "ledger.jsonl"), server.port):
        time.sleep(0.3)
        server.kill()
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_nothing_acknowledged_is_lost_when_postgresql_is_killed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    with postgresql_server(durable=True) as cluster:
        from api.store import migration  # noqa: PLC0415

        url = cluster.create_database("killed")
        migration.upgrade(url)
        with running_server(url, tmp_path) as server:
            for _ in range(POSTMASTER_KILLS):
                with under_load(ledger, server.port, patient_with=(503, 504)):
                    time.sleep(0.4)
                    cluster.kill()
                    time.sleep(0.1)
                    cluster.start()
                    wait_until_it_writes(server, ledger)
                assert problems(ledger.everything(), server.port) == []
            assert server.stop() == 0
    print(f"{POSTMASTER_KILLS} kills of PostgreSQL, {len(ledger.acknowledged())} writes, 0 lost")  # noqa: T201


def wait_until_it_writes(server: Server, ledger: Ledger) -> None:
    """The server must recover by itself, without being started again."""
    before = len(ledger.acknowledged())
    deadline = time.monotonic() + 20
    while len(ledger.acknowledged()) <= before + 8:
        assert time.monotonic() < deadline, (
            f"the server does not recover:\n{server.printed[-2000:]}"
        )
        time.sleep(0.05)


def test_the_oracle_reports_what_is_missing_half_or_changed(
    tmp_path: Path, durable_database: Callable[[str], str]
) -> None:
    kept, half = unique_name(), unique_name()
    location = ""
    with (
        running_server(durable_database("sqlite"), tmp_path) as server,
        Client(server.port) as client,
    ):
        for mark in (kept, half, half, half):
            _, headers, _ = client.send("POST", "Patient", encoded(marked(mark, 1)))
            if mark == kept:
                location = headers["location"].rpartition("/fhir/")[2]
        operations = [
            Operation("create", kept, 1, 201, location, 1),
            Operation("create", kept, 2, 201, location, 1),
            Operation("create", kept, 1, 201, "Patient/none/_history/1", 1),
            Operation("create", kept, 1),
            Operation("transaction", half, 1),
            Operation("transaction", unique_name(), 1, 200),
            Operation("transaction", unique_name(), 1),
        ]
        kinds = [found.partition(":")[0] for found in problems(operations, server.port)]
    assert kinds == ["changed", "lost", "half", "lost"]
