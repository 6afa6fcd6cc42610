"""The real server as a process, started as an operator would start it.

    with running_server(database_url, data_dir) as server:
        httpx.get(server.url("/fhir/metadata"))

The port is chosen by the operating system and read from what the server prints.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 30.0
# What a server says when it serves; one that is refused names the address of another.
ADDRESS = re.compile(r"serves\s+http://(?:127\.0\.0\.1|localhost):(\d+)")


class ServerDiedError(RuntimeError):
    """The server ended before it answered; the message carries what it printed."""


@dataclass
class Server:
    """A running `python -m api serve`."""

    process: subprocess.Popen[str]
    started: float
    port: int = 0
    first_answer_seconds: float = 0.0
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    def url(self, path: str = "") -> str:
        """The address of a path on this server."""
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def base(self) -> str:
        """The FHIR base."""
        return self.url("/fhir")

    @property
    def printed(self) -> str:
        """Everything that the server wrote to its terminal."""
        return "".join(self.lines)

    def await_ready(self) -> None:
        """Return when `/readyz` answers 200; raise ServerDiedError when it never does."""
        deadline = self.started + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            self.port = self.port or self._printed_port()
            if self.port and self._is_ready():
                self.first_answer_seconds = time.monotonic() - self.started
                return
            time.sleep(0.005)
        raise ServerDiedError(f"no answer, exit code {self.process.poll()}:\n{self.printed}")

    def _printed_port(self) -> int:
        found = ADDRESS.search(self.printed)
        return int(found[1]) if found else 0

    def _is_ready(self) -> bool:
        try:
            return httpx.get(self.url("/readyz"), trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def read_lines(self) -> None:
        """Keep what the server prints, so that its pipe never fills."""
        stream = self.process.stdout
        if stream is not None:
            with stream:
                self.lines.extend(stream)

    def family(self) -> list[psutil.Process]:
        """The process and its children."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def memory_megabytes(self) -> float:
        """Resident memory of the process and its children."""
        return float(sum(member.memory_info().rss for member in self.family())) / 1_000_000

    def cpu_seconds(self) -> float:
        """Processor time, user and system, of the process and its children."""
        times = [member.cpu_times() for member in self.family()]
        return float(sum(spent.user + spent.system for spent in times))

    def kill(self) -> None:
        """Kill -9, as a crash would."""
        for member in reversed(self.family()):
            member.send_signal(signal.SIGKILL)
        self._wait()

    def stop(self) -> int:
        """Ask the server to end as an operator would; give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self._wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _wait(self) -> int:
        code = self.process.wait(STOP_SECONDS)
        if self.reader is not None:
            self.reader.join(STOP_SECONDS)
        return code


def start_server(
    database_url: str,
    data_dir: Path,
    flags: Sequence[str] = (),
    *,
    command: Sequence[str] = (sys.executable, "-m", "api"),
) -> Server:
    """Start a server and wait until it is ready."""
    arguments = [
        *command, "serve", "--port", "0", "--database-url", database_url,
        "--data-dir", str(data_dir), *flags,
    ]  # fmt: skip
    environment = {name: text for name, text in os.environ.items() if "RUNSPINE_" not in name}
    started = time.monotonic()
    process = subprocess.Popen(
        arguments,
        cwd=ROOT,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Server(process, started)
    server.reader = threading.Thread(target=server.read_lines, daemon=True)
    server.reader.start()
    try:
        server.await_ready()
    except BaseException:
        if process.poll() is None:
            server.kill()
        raise
    return server


@contextmanager
def running_server(
    database_url: str, data_dir: Path, flags: Sequence[str] = ()
) -> Iterator[Server]:
    """A server for as long as the block lasts, whatever state the block leaves it in."""
    server = start_server(database_url, data_dir, flags)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
