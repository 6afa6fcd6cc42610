"""Clients that want the same thing at once, and a server that is asked to end while it writes."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.factories import bundle, encoded, entry, unique_name
from tests.fault.ledger import Client, Ledger, by_mark, marked, problems, total, under_load
from tests.server import Server, running_server, start_server

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

CLIENTS = 16
KEYS = 60
Answer = TypeVar("Answer")


@pytest.fixture(params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, durable_database: Callable[[str], str]
) -> Iterator[Server]:
    with running_server(durable_database(request.param), tmp_path) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.port) as own:
        yield own


def at_once(
    server: Server, work: Callable[[Client, int], Answer], clients: int = CLIENTS
) -> list[Answer]:
    """Let every client do its work, all starting together."""
    start = threading.Barrier(clients)

    def run(number: int) -> Answer:
        with Client(server.port) as own:
            own.send("GET", "metadata")
            start.wait(30)
            return work(own, number)

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(run, range(clients)))


def test_sixty_keys_created_by_sixteen_clients_are_sixty_resources(
    server: Server, client: Client
) -> None:
    run = unique_name()

    def create_all(own: Client, number: int) -> list[tuple[int, str]]:
        keys = random.Random(number).sample(range(KEYS), KEYS)  # noqa: S311 - an order, no secret
        answers = []
        for key in keys:
            mark = f"{run}-{key}"
            status, headers, _ = own.send(
                "POST", "Patient", encoded(marked(mark, 1)), If_None_Exist=by_mark(mark)
            )
            answers.append((status, headers.get("location", "")))
        return answers

    answers = [each for some in at_once(server, create_all) for each in some]
    statuses = Counter(status for status, _ in answers)
    assert statuses == {201: KEYS, 200: (CLIENTS - 1) * KEYS}
    assert len({location for _, location in answers}) == KEYS
    for key in range(KEYS):
        assert total(client, f"{run}-{key}") == 1, key


def test_the_same_conditional_create_in_transactions_makes_one_resource(
    server: Server, client: Client
) -> None:
    mark = unique_name()

    def transact(own: Client, _number: int) -> tuple[int, Any]:
        attempt = entry("POST", "Patient", marked(mark, 1), ifNoneExist=by_mark(mark))
        other = entry("POST", "Patient", marked(f"{mark}-other", 1))
        status, _, body = own.send("POST", "", encoded(bundle("transaction", attempt, other)))
        return status, body

    answers = at_once(server, transact)
    assert {status for status, _ in answers} == {200}, answers
    made = [body["entry"][0]["response"]["status"][:3] for _, body in answers]
    assert Counter(made) == {"201": 1, "200": CLIENTS - 1}
    assert total(client, f"{mark}-other") == CLIENTS


def test_the_same_conditional_update_by_all_makes_one_resource(
    server: Server, client: Client
) -> None:
    mark = unique_name()

    def update(own: Client, number: int) -> int:
        body = encoded(marked(mark, number + 1))
        return own.send("PUT", f"Patient?{by_mark(mark)}", body)[0]

    assert Counter(at_once(server, update)) == {201: 1, 200: CLIENTS - 1}
    assert total(client, mark) == 1


def test_of_sixteen_updates_of_one_version_one_wins(server: Server, client: Client) -> None:
    for _ in range(5):
        name = unique_name()
        client.send("PUT", f"Patient/{name}", encoded(marked(name, 0) | {"id": name}))

        def update(own: Client, number: int, name: str = name) -> int:
            body = encoded(marked(name, number + 1) | {"id": name})
            return own.send("PUT", f"Patient/{name}", body, If_Match='W/"1"')[0]

        assert Counter(at_once(server, update)) == {200: 1, 412: CLIENTS - 1}
        _, headers, _ = client.send("GET", f"Patient/{name}")
        assert headers["etag"] == 'W/"2"'


def test_transactions_that_cross_do_not_block_each_other_for_good(
    server: Server, client: Client
) -> None:
    names = [unique_name(), unique_name()]
    for name in names:
        client.send("PUT", f"Patient/{name}", encoded(marked(name, 0) | {"id": name}))

    def cross(own: Client, number: int) -> list[int]:
        order = names if number % 2 else names[::-1]
        statuses = []
        for step in range(10):
            value = number * 100 + step + 1
            entries = [
                entry("PUT", f"Patient/{name}", marked(name, value) | {"id": name})
                for name in order
            ]
            statuses.append(own.send("POST", "", encoded(bundle("transaction", *entries)))[0])
        return statuses

    statuses = Counter(each for some in at_once(server, cross) for each in some)
    assert statuses == {200: CLIENTS * 10}
    values = [client.send("GET", f"Patient/{name}")[2]["multipleBirthInteger"] for name in names]
    assert values[0] == values[1], "half of a transaction is visible"


def test_a_referenced_resource_cannot_be_deleted_by_a_race(server: Server, client: Client) -> None:
    for _ in range(10):
        name = unique_name()
        client.send("PUT", f"Patient/{name}", encoded(marked(name, 0) | {"id": name}))

        def race(own: Client, number: int, name: str = name) -> int:
            if number == 0:
                return own.send("DELETE", f"Patient/{name}")[0]
            linked = marked(unique_name(), 1)
            linked["link"] = [{"type": "seealso", "other": {"reference": f"Patient/{name}"}}]
            return own.send("POST", "Patient", encoded(linked))[0]

        deleted, created = at_once(server, race, 2)
        exists = client.send("GET", f"Patient/{name}")[0] == 200
        assert (deleted, created, exists) in {
            (200, 422, False),
            (204, 422, False),
            (409, 201, True),
        }


class LongTransactions:
    """Clients of one transaction each, all of them under way when the server is asked to end."""

    ENTRIES = 150

    def __init__(self, server: Server, clients: int) -> None:
        self.server = server
        self.marks = [unique_name("term") for _ in range(clients)]
        self.answers: list[int | str] = []
        self.ready = threading.Barrier(clients + 1)
        self.threads = [threading.Thread(target=self._run, args=(mark,)) for mark in self.marks]
        for thread in self.threads:
            thread.start()

    def _run(self, mark: str) -> None:
        many = [entry("POST", "Patient", marked(mark, 1))] * self.ENTRIES
        body = encoded(bundle("transaction", *many))
        with Client(self.server.port) as own:
            own.send("GET", "metadata")
            self.ready.wait(30)
            try:
                self.answers.append(own.send("POST", "", body)[0])
            except (OSError, HTTPException) as error:
                self.answers.append(type(error).__name__)

    def send(self) -> None:
        """Let them go, and wait until each has been sent."""
        self.ready.wait(30)
        threading.Event().wait(0.1)

    def join(self) -> None:
        """Wait for every answer."""
        for thread in self.threads:
            thread.join(30)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_server_that_is_asked_to_end_answers_what_it_has_begun(
    kind: str, tmp_path: Path, durable_database: Callable[[str], str]
) -> None:
    url = durable_database(kind)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    server = start_server(url, tmp_path)
    transactions = LongTransactions(server, 8)
    with under_load(ledger, server.port):
        transactions.send()
        code = server.stop()
    transactions.join()
    assert code == 0, server.printed[-2000:]
    answers = transactions.answers
    assert len(answers) == 8
    assert set(answers) <= {200, 503}, answers
    with running_server(url, tmp_path) as again, Client(again.port) as client:
        assert problems(ledger.everything(), again.port) == []
        totals = [total(client, mark) for mark in transactions.marks]
        assert set(totals) <= {0, LongTransactions.ENTRIES}
        assert totals.count(LongTransactions.ENTRIES) == answers.count(200)
