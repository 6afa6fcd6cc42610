"""How many statements an interaction sends to the database, so that no loop of them creeps in."""

import sqlite3.dbapi2
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pysqlite3.dbapi2
import pytest

from tests.factories import bundle, entry, observation, patient, unique_name
from tests.service import Service, running_service

# What opens and closes a transaction, sets up a connection, or asks whether it lives.
AROUND = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "SET ", "SHOW ", "--")


class Recorder:
    """The statements that reached a driver since the last look."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def note(self, statement: Any) -> None:
        """Take one statement."""
        text = statement.decode() if isinstance(statement, bytes) else str(statement)
        if not text.lstrip().upper().startswith(AROUND) and text.strip() != "SELECT 1":
            self.statements.append(text)

    def count(self, work: Callable[[], Any]) -> int:
        """How many statements the work sends, once its connections are open."""
        work()
        self.statements.clear()
        work()
        return len(self.statements)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Listens at both drivers to every connection that is opened from now on."""
    made = Recorder()
    for module in (sqlite3.dbapi2, pysqlite3.dbapi2):
        monkeypatch.setattr(module, "connect", _traced(module.connect, made))
    execute: Any = psycopg.Cursor.execute
    executemany: Any = psycopg.Cursor.executemany

    def execute_noted(cursor: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        made.note(query)
        return execute(cursor, query, *arguments, **named)

    def executemany_noted(cursor: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        made.note(query)
        return executemany(cursor, query, *arguments, **named)

    monkeypatch.setattr(psycopg.Cursor, "execute", execute_noted)
    monkeypatch.setattr(psycopg.Cursor, "executemany", executemany_noted)
    return made


def _traced(connect: Any, recorder: Recorder) -> Any:
    def connect_traced(*arguments: Any, **named: Any) -> Any:
        connection = connect(*arguments, **named)
        connection.set_trace_callback(recorder.note)
        return connection

    return connect_traced


@pytest.fixture
def recorded(  # the recorder must listen before the first connection is opened
    recorder: Recorder, new_database: Callable[[], str], tmp_path: Path
) -> Iterator[Service]:
    with running_service(new_database(), tmp_path) as service:
        recorder.statements.clear()
        yield service


def test_a_read_is_one_statement(recorder: Recorder, recorded: Service) -> None:
    path = f"Patient/{recorded.create(patient())['id']}"
    assert recorder.count(lambda: recorded.get(path)) == 1
    assert recorder.count(lambda: recorded.get(f"{path}/_history/1")) == 1
    assert recorder.count(lambda: recorded.get(f"Patient/{unique_name()}")) == 1


def test_a_read_that_is_not_modified_is_one_statement(
    recorder: Recorder, recorded: Service
) -> None:
    path = f"Patient/{recorded.create(patient())['id']}"
    assert recorder.count(lambda: recorded.get(path, If_None_Match='W/"1"')) == 1


@pytest.mark.parametrize("size", [1, 30])
def test_a_search_is_at_most_two_statements_however_large_the_page(
    recorder: Recorder, recorded: Service, size: int
) -> None:
    entries = [entry("POST", "Patient", patient(birthDate="1980")) for _ in range(size)]
    recorded.request("POST", "", bundle("transaction", *entries))
    for query in (
        "Patient?birthdate=1980",
        "Patient?birthdate=1980&_sort=-birthdate,family&_count=5",
        "Patient?name=a&gender=female&_total=accurate",
    ):
        assert recorder.count(partial(recorded.get, query)) <= 2, recorder.statements


@pytest.mark.parametrize("size", [1, 30])
def test_a_page_of_history_is_at_most_two_statements(
    recorder: Recorder, recorded: Service, size: int
) -> None:
    entries = [entry("POST", "Patient", patient()) for _ in range(size)]
    recorded.request("POST", "", bundle("transaction", *entries))
    assert recorder.count(lambda: recorded.get("Patient/_history")) <= 2, recorder.statements


def test_a_transaction_sends_no_more_reads_for_more_entries(
    recorder: Recorder, recorded: Service
) -> None:
    subject = f"Patient/{recorded.create(patient())['id']}"

    def reads(size: int) -> int:
        entries = [entry("POST", "Observation", observation(subject)) for _ in range(size)]
        recorder.count(lambda: recorded.request("POST", "", bundle("transaction", *entries)))
        return sum(each.lstrip().upper().startswith("SELECT") for each in recorder.statements)

    assert reads(20) <= reads(2), recorder.statements
