"""How soon the server answers and how much memory it takes: small enough to try."""

import statistics
import time
from pathlib import Path

import httpx
import pytest

from tests.bench.workloads import start_seconds
from tests.server import Server, running_server

# Marked with the faults, because what is timed must run alone.
pytestmark = pytest.mark.fault

MOST_SECONDS = 1.5
MOST_MEGABYTES = 150


@pytest.fixture
def url(tmp_path: Path) -> str:
    from api.store import migration  # noqa: PLC0415 - unit tests need not load the store.

    address = f"sqlite:///{tmp_path / 'records.sqlite'}"
    migration.upgrade(address)
    return address


def count(server: Server, kind: str) -> int:
    answer = httpx.get(f"{server.base}/{kind}?_count=0", trust_env=False)
    return int(answer.json().get("total", 0))


def test_the_first_answer_comes_soon(url: str, tmp_path: Path) -> None:
    seconds = start_seconds(url, tmp_path)
    print(f"start to first answer: {seconds:.2f} s")  # noqa: T201 - the figure is the point.
    assert seconds < MOST_SECONDS


def test_the_demo_fits_into_little_memory(url: str, tmp_path: Path) -> None:
    with running_server(url, tmp_path, ("--demo",)) as server:
        deadline = time.monotonic() + 60
        seen = -1
        while (now := count(server, "CarePlan")) != seen or now == 0:
            assert time.monotonic() < deadline, server.printed[-2000:]
            seen = now
            time.sleep(1)
        samples = []
        for _ in range(3):
            httpx.get(f"{server.base}/Patient?_count=100", trust_env=False)
            samples.append(server.memory_megabytes())
        megabytes = statistics.median(samples)
        print(f"memory after the demo: {megabytes:.0f} MB")  # noqa: T201 - the figure is the point.
        assert megabytes < MOST_MEGABYTES
