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


def at_once(
    server: Server, work: Callable[[Client, int], Answer], clients: int = CLIENTS
) -> list[Answer]:
    """Let every client do its work, all starting together."""
    start = threading.Barrier(clients)

    def run(number: int) -> Answer:
        client = Client(server.port)
        client.send("GET", "metadata")
        start.wait(30)
        return work(client, number)

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(run, range(clients)))


def test_sixty_keys_created_by_sixteen_clients_are_sixty_resources(server: Server) -> None:
    run = unique_name()

    def create_all(client: Client, number: int) -> list[tuple[int, str]]:
        keys = random.Random(number).sample(range(KEYS), KEYS)  # noqa: S311 - an order, no secret
        answers = []
        for key in keys:
            mark = f"{run}-{key}"
            status, headers, _ = client.send(
                "POST", "Patient", encoded(marked(mark, 1)), If_None_Exist=by_mark(mark)
            )
            answers.append((status, headers.get("location", "")))
        return answers

    answers = [each for some in at_once(server, create_all) for each in some]
    statuses = Counter(status for status, _ in answers)
    assert statuses == {201: KEYS, 200: (CLIENTS - 1) * KEYS}
    assert len({location for _, location in answers}) == KEYS
    client = Client(server.port)
    for key in range(KEYS):
        assert total(client, f"{run}-{key}") == 1, key


def test_the_same_conditional_create_in_transactions_makes_one_resource(server: Server) -> None:
    mark = unique_name()

    def transact(client: Client, _: int) -> tuple[int, Any]:
        attempt = entry("POST", "Patient", marked(mark, 1), ifNoneExist=by_mark(mark))
        other = entry("POST", "Patient", marked(f"{mark}-other", 1))
        status, _, body = client.send("POST", "", encoded(bundle("transaction", attempt, other)))
        return status, body

    answers = at_once(server, transact)
    assert {status for status, _ in answers} == {200}, answers
    made = [body["entry"][0]["response"]["status"][:3] for _, body in answers]
    assert Counter(made) == {"201": 1, "200": CLIENTS - 1}
    assert total(Client(server.port), f"{mark}-other") == CLIENTS


def test_of_sixteen_updates_of_one_version_one_wins(server: Server) -> None:
    client = Client(server.port)
    for _ in range(5):
        name = unique_name()
        client.send("PUT", f"Patient/{name}", encoded(marked(name, 0) | {"id": name}))

        def update(own: Client, number: int, name: str = name) -> int:
            body = encoded(marked(name, number + 1) | {"id": name})
            return own.send("PUT", f"Patient/{name}", body, If_Match='W/"1"')[0]

        assert Counter(at_once(server, update)) == {200: 1, 412: CLIENTS - 1}
        _, headers, _ = client.send("GET", f"Patient/{name}")
        assert headers["etag"] == 'W/"2"'


def test_transactions_that_cross_do_not_block_each_other_for_good(server: Server) -> None:
    client = Client(server.port)
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


def test_a_referenced_resource_cannot_be_deleted_by_a_race(server: Server) -> None:
    client = Client(server.port)
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


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_server_that_is_asked_to_end_answers_what_it_has_begun(
    kind: str, tmp_path: Path, durable_database: Callable[[str], str]
) -> None:
    url = durable_database(kind)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    server = start_server(url, tmp_path)
    answers: list[int | str] = []
    sent = threading.Barrier(9)

    def transact(number: int) -> None:
        client = Client(server.port)
        client.send("GET", "metadata")
        many = [entry("POST", "Patient", marked(f"term{number}", 1)) for _ in range(150)]
        body = encoded(bundle("transaction", *many))
        sent.wait(30)
        try:
            answers.append(client.send("POST", "", body)[0])
        except (OSError, HTTPException) as error:
            answers.append(type(error).__name__)

    threads = [threading.Thread(target=transact, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    with under_load(ledger, server.port):
        sent.wait(30)
        threading.Event().wait(0.1)
        code = server.stop()
    for thread in threads:
        thread.join(30)
    assert code == 0, server.printed[-2000:]
    assert len(answers) == 8
    assert set(answers) <= {200, 503}, answers
    with running_server(url, tmp_path) as again:
        assert problems(ledger.everything(), again.port) == []
        client = Client(again.port)
        totals = [total(client, f"term{number}") for number in range(8)]
        assert set(totals) <= {0, 150}
        assert totals.count(150) == answers.count(200)
