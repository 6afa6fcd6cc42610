"""What only shows on a real socket: the server as a process, spoken to byte by byte."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.factories import encoded, patient
from tests.server import Server, ServerDiedError, running_server, start_server

PATIENT = encoded(patient())
JSON_HEAD = b"Content-Type: application/fhir+json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from api.store import migration  # noqa: PLC0415 - unit tests need not load the store.

    directory = tmp_path_factory.mktemp("socket")
    url = f"sqlite:///{directory / 'records.sqlite'}"
    migration.upgrade(url)
    with running_server(url, directory) as running:
        yield running


def exchange(server: Server, *parts: bytes, seconds: float = 3.0, answers: int = 1) -> bytes:
    """Send the parts; give what comes back until so many answers are there or the server closes."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except OSError:
            pass  # it has closed already, having heard enough
        connection.settimeout(seconds)
        try:
            while len(statuses(received)) < answers and (chunk := connection.recv(65536)):
                received += chunk
        except OSError:
            pass
    return received


def statuses(received: bytes) -> list[int]:
    """The status of every answer in what was received."""
    lines = [line for line in received.split(b"\r\n") if b"HTTP/1.1 " in line]
    return [int(line.rpartition(b"HTTP/1.1 ")[2][:3]) for line in lines]


def head(server: Server, line: bytes, more: bytes = b"") -> bytes:
    host = f"Host: 127.0.0.1:{server.port}\r\n".encode()
    return line + b"\r\n" + host + more + b"\r\n"


def is_alive(server: Server) -> bool:
    return httpx.get(server.url("/healthz"), trust_env=False).status_code == 200


def test_the_location_carries_the_bound_address(server: Server) -> None:
    made = httpx.post(
        f"{server.base}/Patient",
        content=PATIENT,
        headers={"Content-Type": "application/fhir+json"},
        trust_env=False,
    )
    assert made.headers["location"].startswith(f"http://127.0.0.1:{server.port}/fhir/Patient/")
    assert httpx.get(made.headers["location"], trust_env=False).json() == made.json()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "a@b", "x:y:z"])
def test_a_foreign_host_is_refused_on_loopback(server: Server, host: str) -> None:
    answer = httpx.get(f"{server.base}/metadata", headers={"Host": host}, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_host_of_this_machine_is_served(server: Server, host: str) -> None:
    headers = {"Host": f"{host}:{server.port}"}
    assert httpx.get(f"{server.base}/metadata", headers=headers, trust_env=False).status_code == 200


def test_requests_in_a_row_are_each_answered(server: Server) -> None:
    one = head(server, b"GET /fhir/Patient/none HTTP/1.1")
    assert statuses(exchange(server, one * 20, answers=20)) == [404] * 20


def test_http_1_0_is_answered(server: Server) -> None:
    received = exchange(server, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert b" 200 " in received.split(b"\r\n")[0] or b" 400 " in received.split(b"\r\n")[0]


def test_a_body_in_chunks_is_read(server: Server) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (PATIENT[:10], PATIENT[10:]))
    more = JSON_HEAD + b"Transfer-Encoding: chunked\r\n"
    request = head(server, b"POST /fhir/Patient HTTP/1.1", more)
    assert statuses(exchange(server, request, chunks, b"0\r\n\r\n")) == [201]


def test_an_endless_body_is_refused_before_it_ends(server: Server) -> None:
    more = JSON_HEAD + b"Transfer-Encoding: chunked\r\n"
    request = head(server, b"POST /fhir/Patient HTTP/1.1", more)
    chunk = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    received = exchange(server, request, *[chunk] * 40)
    assert statuses(received)[:1] in ([413], []), received[:200]
    assert is_alive(server)


def test_a_length_over_the_limit_is_refused_at_once(server: Server) -> None:
    more = JSON_HEAD + b"Content-Length: 50000000\r\n"
    received = exchange(server, head(server, b"POST /fhir/Patient HTTP/1.1", more), b"{")
    assert statuses(received)[:1] in ([413], [400]), received[:200]


@pytest.mark.parametrize(
    "more",
    [
        b"Content-Length: abc\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gibberish\r\n",
    ],
)
def test_a_length_that_cannot_be_true_smuggles_nothing(server: Server, more: bytes) -> None:
    inner = head(server, b"GET /fhir/Patient/smuggled HTTP/1.1")
    request = head(server, b"POST /fhir/Patient HTTP/1.1", JSON_HEAD + more)
    received = exchange(server, request, b"0\r\n\r\n" + inner)
    assert all(status in {400, 404, 411, 413, 415, 422, 501} for status in statuses(received))
    assert is_alive(server)


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 10_000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GARBAGE\r\n\r\n",
        b"GET /fhir/Patient\r\n\r\n",
        b"GET http://evil.example/fhir/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"",
    ],
    ids=["address", "header", "headers", "tls", "garbage", "http0.9", "absolute", "blank", "none"],
)
def test_a_head_that_no_client_would_send_harms_nothing(
    server: Server, request_head: bytes
) -> None:
    received = exchange(server, request_head)
    assert all(status < 500 or status == 501 for status in statuses(received)), received[:300]
    assert b"evil.example" not in received
    assert is_alive(server)


def test_heads_of_megabytes_are_not_collected(server: Server) -> None:
    before = server.memory_megabytes()

    def flood() -> None:
        exchange(
            server,
            b"GET / HTTP/1.1\r\nHost: localhost\r\n",
            *[b"X-%d: " % number + b"a" * 60_000 + b"\r\n" for number in range(80)],
            seconds=2,
        )

    threads = [threading.Thread(target=flood) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.memory_megabytes() - before < 60
    assert is_alive(server)


def test_a_client_that_goes_away_leaves_nothing_half(server: Server) -> None:
    more = JSON_HEAD + b"Content-Length: %d\r\n" % len(PATIENT)
    request = head(server, b"POST /fhir/Patient HTTP/1.1", more)
    for cut in (1, len(PATIENT) // 2, len(PATIENT)):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(request + PATIENT[:cut])
    assert is_alive(server)
    assert "Traceback" not in server.printed


def test_an_upgrade_is_not_taken(server: Server) -> None:
    more = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    more += b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    received = exchange(server, head(server, b"GET /fhir/metadata HTTP/1.1", more))
    assert 101 not in statuses(received)
    assert is_alive(server)


def test_the_header_does_not_name_the_programs_version(server: Server) -> None:
    named = httpx.get(server.url("/healthz"), trust_env=False).headers.get("server", "")
    assert not any(letter.isdigit() for letter in named)


def test_a_second_server_on_the_same_file_is_refused_with_a_sentence(
    server: Server, tmp_path: Path
) -> None:
    command = server.process.args
    assert isinstance(command, list)
    place = command.index("--database-url") + 1

    with pytest.raises(ServerDiedError) as died:
        start_server(command[place], tmp_path)
    assert str(server.port) in str(died.value)
    assert "Traceback" not in str(died.value)


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--workers", "2"), "PostgreSQL"),
        (("--auth", "on"), "auth"),
        (("--host", "0.0.0.0"), "RUNSPINE_ALLOW_OPEN"),  # noqa: S104 - that it is refused
        (("--references", "maybe"), "references"),
        (("--time-zone", "Mars/Olympus"), "time-zone"),
    ],
)
def test_settings_that_cannot_be_served_are_refused_with_a_sentence(
    tmp_path: Path, flags: tuple[str, ...], word: str
) -> None:

    url = f"sqlite:///{tmp_path / 'none.sqlite'}"
    with pytest.raises(ServerDiedError) as died:
        start_server(url, tmp_path, flags)
    assert word.lower() in str(died.value).lower()
    assert "Traceback" not in str(died.value)
