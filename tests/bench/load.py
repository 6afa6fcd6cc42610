"""Load on one address from sixteen keep-alive connections, and what it cost the server.

`wrk` sends where it is installed, otherwise a client of raw sockets on an event loop. Cost is the
processor time of the server process per answered request, which a busy machine disturbs little.
"""

import asyncio
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil
from typing_extensions import override

CONNECTIONS = 16
HEAD = re.compile(
    rb"HTTP/1\.1 (\d{3})[^\n]*\n.*?\ncontent-length: (\d+)\r\n", re.IGNORECASE | re.DOTALL
)
WRK = re.compile(r"(\d+) requests in .*")


@dataclass(frozen=True)
class Request:
    """What is sent over and over."""

    method: str
    url: str
    body: bytes = b""

    def as_bytes(self) -> bytes:
        """The request as it stands on the wire."""
        parts = urlsplit(self.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{self.method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
        if self.body:
            lines += ["Content-Type: application/fhir+json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True)
class Cost:
    """What a round of load came to."""

    requests: int
    seconds: float
    cpu_seconds: float

    @property
    def cpu_microseconds(self) -> float:
        """Processor time of the server for one request."""
        return self.cpu_seconds / self.requests * 1e6

    @property
    def per_second(self) -> float:
        """Requests answered in a second of wall time: only to look at."""
        return self.requests / self.seconds


def measure(process: psutil.Process, request: Request, seconds: float) -> Cost:
    """Send for this long; give what it cost the process."""
    before, began = cpu_seconds(process), time.perf_counter()
    wrk = shutil.which("wrk") if request.method == "GET" else None
    answered = _wrk(wrk, request, seconds) if wrk else asyncio.run(_sockets(request, seconds))
    spent = cpu_seconds(process) - before
    return Cost(answered, time.perf_counter() - began, spent)


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time, user and system, of a process and its children."""
    members = [process, *process.children(recursive=True)]
    return float(sum(sum(member.cpu_times()[:2]) for member in members))


def _wrk(program: str, request: Request, seconds: float) -> int:
    done = subprocess.run(
        [program, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", request.url],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "Non-2xx" not in done.stdout, done.stdout
    found = WRK.search(done.stdout)
    assert found is not None, done.stdout
    return int(found[1])


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last is complete."""

    def __init__(self, request: bytes, until: float) -> None:
        self.request = request
        self.until = until
        self.answered = 0
        self.received = b""
        self.done = asyncio.get_running_loop().create_future()
        self.transport: Any = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.write(self.request)

    @override
    def data_received(self, data: bytes) -> None:
        self.received += data
        head = HEAD.match(self.received)
        end = self.received.find(b"\r\n\r\n")
        if head is None or end < 0 or len(self.received) < end + 4 + int(head[2]):
            return
        assert head[1] in {b"200", b"201"}, self.received
        self.received = b""
        self.answered += 1
        if time.perf_counter() < self.until:
            self.transport.write(self.request)
        elif not self.done.done():
            self.done.set_result(None)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))


async def _sockets(request: Request, seconds: float) -> int:
    loop = asyncio.get_running_loop()
    parts = urlsplit(request.url)
    until = time.perf_counter() + seconds
    text = request.as_bytes()
    opened = [
        await loop.create_connection(
            lambda: _Connection(text, until), parts.hostname or "", parts.port or 80
        )
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in opened))
    for transport, _ in opened:
        transport.close()
    return sum(protocol.answered for _, protocol in opened)
