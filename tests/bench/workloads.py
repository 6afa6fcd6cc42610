"""What is measured: one server and one floor, side by side, in interleaved rounds.

Processor time moves with the machine's load and temperature; a floor measured in the same minute
moves with it. A ratio is the floor's cost over ours: 1.0 is as cheap as the empty route.
"""

import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.bench.load import Cost, Request, measure
from tests.factories import Resource, bundle, encoded, entry, observation, patient, quantity
from tests.server import ROOT, Server, running_server

ROUNDS = 5
ROUND_SECONDS = 2.0
ENTRIES = 12


@dataclass(frozen=True)
class Measured:
    """One row of the table."""

    name: str
    ours: Cost
    floor: Cost | None
    each: int = 1

    @property
    def ratio(self) -> float | None:
        """The floor's processor time over ours."""
        if self.floor is None:
            return None
        return self.floor.cpu_microseconds / self.ours.cpu_microseconds

    def row(self) -> str:
        """The row as text."""
        floor = f"{self.floor.cpu_microseconds:8.0f}" if self.floor else " " * 8
        ratio = f"{self.ratio:6.2f}" if self.ratio else " " * 6
        per_second = self.ours.per_second * self.each
        per_cpu = self.each * 1e6 / self.ours.cpu_microseconds
        return (
            f"{self.name:34}{self.ours.cpu_microseconds:10.0f}{floor}{ratio}"
            f"{per_second:12.0f}{per_cpu:14.0f}"
        )


HEADER = (
    f"{'work':34}{'µs CPU':>10}{'floor':>8}{'ratio':>6}{'per second':>12}{'per CPU second':>14}"
)


def patient_of(size: int) -> Resource:
    """A Patient whose stored text is close to this many bytes."""
    base = patient(
        identifier=[{"system": "http://example.org/mrn", "value": "1234567"}],
        telecom=[{"system": "phone", "value": "0412 345 678"}],
        birthDate="1984-05-06",
    )
    missing = size - len(encoded(base)) - 160
    line = "12 Example Street, Carlton, near the gardens"
    address = {"text": (line * (missing // len(line) + 1))[: max(1, missing)]}
    return base | {"address": [address]}


@contextmanager
def floor_process(size: int) -> Iterator[tuple[psutil.Process, str]]:
    """The floor with a body of this size: its process and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.floor", str(size), str(port)], cwd=ROOT
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/readyz")
        yield psutil.Process(process.pid), f"{url}/constant"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(url)


def compare(name: str, server: Server, request: Request, rounds: int = ROUNDS) -> Measured:
    """Measure a GET against the floor of its own body size, in interleaved rounds."""
    answer = httpx.get(request.url, trust_env=False)
    assert answer.status_code == 200, answer.text
    process = psutil.Process(server.process.pid)
    with floor_process(len(answer.content)) as (floor, url):
        empty = Request("GET", url)
        for warm, target in ((process, request), (floor, empty)):
            measure(warm, target, 1.0)
        pairs = [
            (measure(process, request, ROUND_SECONDS), measure(floor, empty, ROUND_SECONDS))
            for _ in range(rounds)
        ]
    ours, floors = zip(*pairs, strict=True)
    return Measured(name, _median(ours), _median(floors))


def alone(name: str, server: Server, request: Request, each: int = 1) -> Measured:
    """Measure a write; `each` is how many resources one request carries."""
    process = psutil.Process(server.process.pid)
    measure(process, request, 1.0)
    rounds = [measure(process, request, ROUND_SECONDS) for _ in range(3)]
    return Measured(name, _median(rounds), None, each)


def _median(costs: Sequence[Cost]) -> Cost:
    ordered = sorted(costs, key=lambda cost: cost.cpu_microseconds)
    return ordered[len(ordered) // 2]


def write(server: Server, resource: Resource, path: str = "") -> Resource:
    """Send one resource and give the answer."""
    answer = httpx.post(
        f"{server.base}/{path}".rstrip("/"),
        content=encoded(resource),
        headers={"Content-Type": "application/fhir+json"},
        trust_env=False,
    )
    assert answer.status_code in {200, 201}, answer.text
    return dict(answer.json())


def seed(server: Server) -> tuple[str, str]:
    """A patient of 1 KB with 50 observations among a thousand patients; give her path and id."""
    for _ in range(10):
        entries = [entry("POST", "Patient", patient_of(1024)) for _ in range(100)]
        write(server, bundle("transaction", *entries))
    made = write(server, patient_of(1024), "Patient")
    subject = f"Patient/{made['id']}"
    observations = [
        observation(
            subject,
            effectiveDateTime=f"2026-01-{1 + day % 28:02}T{day % 24:02}:00:00+11:00",
            valueQuantity=quantity(60 + day, "kg"),
        )
        for day in range(50)
    ]
    write(server, bundle("transaction", *(entry("POST", "Observation", o) for o in observations)))
    return f"{server.base}/{subject}", str(made["id"])


def run(database_url: str, directory: Path, rounds: int = ROUNDS) -> list[Measured]:
    """Measure everything on a migrated database."""
    one = entry("POST", "Patient", patient_of(1024))
    with running_server(database_url, directory) as server:
        read, subject = seed(server)
        twenty = f"{server.base}/Patient?gender=female&_count=20"
        newest = f"{server.base}/Observation?subject=Patient/{subject}&_sort=-date&_count=50"
        create = Request("POST", f"{server.base}/Patient", encoded(patient_of(1024)))
        transaction = Request("POST", server.base, encoded(bundle("transaction", *[one] * ENTRIES)))
        return [
            compare("read by id, 1 KB Patient", server, Request("GET", read), rounds),
            compare("search, page of 20", server, Request("GET", twenty), rounds),
            compare("50 Observations, newest first", server, Request("GET", newest), rounds),
            alone("create, 1 KB Patient", server, create),
            alone("transaction of 12 (resources)", server, transaction, ENTRIES),
        ]


def start_seconds(database_url: str, directory: Path, times: int = 5) -> float:
    """The median time from starting the process to its first answer."""
    taken = []
    for _ in range(times):
        with running_server(database_url, directory) as server:
            taken.append(server.first_answer_seconds)
    return statistics.median(taken)


def table(rows: Sequence[Measured]) -> str:
    """The rows under their header."""
    return "\n".join([HEADER, *(each.row() for each in rows)])
