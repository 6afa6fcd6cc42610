"""Power cuts on SQLite: what was acknowledged is on the disk, not only in the kernel's memory.

The database lies on an ext4 image mounted through a loop device. The image holds what was flushed
with fsync; what only stands in the kernel's cache is not in it. Under write load the server is
frozen, the image copied as it is at this moment, and the server runs on. Each copy is what a power
cut would have left: it is mounted, its journal replayed, a server started on it, and every write
acknowledged before the cut must be there. The same harness must catch a server that does not flush.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fault.ledger import Ledger, Operation, problems, under_load
from tests.server import Server, start_server

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

CUTS = 20
MEGABYTES = 96
CARELESS = (sys.executable, str(Path(__file__).with_name("careless_server.py")))


def run(*command: str) -> None:
    """Run a command as root; say what is missing where it cannot."""
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.fail(
            f"{command[0]} failed, so no power cut can be simulated on this machine (it needs root "
            f"and loop devices): {done.stderr.decode()}"
        )


@contextmanager
def mounted(image: Path, directory: Path) -> Iterator[Path]:
    """The file system of an image. The kernel is told not to write back by itself."""
    directory.mkdir(exist_ok=True)
    run("mount", "-o", "loop,commit=300", str(image), str(directory))
    try:
        yield directory
    finally:
        run("umount", str(directory))


def new_image(path: Path) -> Path:
    """An empty ext4 file system in a file."""
    with path.open("wb") as file:
        file.truncate(MEGABYTES * 1_000_000)
    run("mkfs.ext4", "-q", "-F", str(path))
    return path


def freeze(server: Server) -> None:
    """Stop every thread; one that flushes is let finish, so that the image is of one moment."""
    server.process.send_signal(signal.SIGSTOP)
    tasks = Path(f"/proc/{server.process.pid}/task")
    deadline = time.monotonic() + 10
    while any(" T " not in (each / "stat").read_text() for each in tasks.iterdir()):
        assert time.monotonic() < deadline, "the server does not stop"
        time.sleep(0.001)


def cut(server: Server, image: Path, copy: Path, ledger: Ledger) -> list[Operation]:
    """Copy what the disk holds at this moment; give what had been acknowledged by then."""
    freeze(server)
    try:
        time.sleep(0.02)  # answers already sent reach their clients
        begun = ledger.everything()
        told = {id(each) for each in ledger.acknowledged()}
        shutil.copyfile(image, copy)
    finally:
        server.process.send_signal(signal.SIGCONT)
    return [
        each if id(each) in told else Operation(each.kind, each.mark, each.value) for each in begun
    ]


def losses(copy: Path, directory: Path, operations: Sequence[Operation]) -> list[str]:
    """What a server that starts on the copy does not know any more."""
    with mounted(copy, directory):
        server = start_server(f"sqlite:///{directory / 'records.sqlite'}", directory)
        try:
            return problems(operations, server.port)
        finally:
            server.kill()


def cut_again_and_again(
    tmp_path: Path, cuts: int, command: Sequence[str]
) -> tuple[list[str], Ledger]:
    """Run one server under load through this many cuts; give every loss."""
    from api.store import migration  # noqa: PLC0415 - unit tests need not load the store.

    image = new_image(tmp_path / "disk.img")
    ledger = Ledger(tmp_path / "ledger.jsonl")
    moments = random.Random(20260102)  # noqa: S311 - the moments only need to differ.
    left: list[tuple[Path, list[Operation]]] = []
    with mounted(image, tmp_path / "disk") as disk:
        url = f"sqlite:///{disk / 'records.sqlite'}"
        migration.upgrade(url)
        os.sync()
        server = start_server(url, disk, command=command)
        try:
            with under_load(ledger, server.port):
                for number in range(cuts):
                    time.sleep(moments.uniform(0.05, 0.25))
                    copy = tmp_path / f"cut{number}.img"
                    left.append((copy, cut(server, image, copy, ledger)))
        finally:
            server.kill()
    found = []
    for copy, operations in left:
        found += losses(copy, tmp_path / "copy", operations)
        copy.unlink()
    return found, ledger


def test_nothing_acknowledged_is_lost_when_the_power_is_cut(tmp_path: Path) -> None:
    found, ledger = cut_again_and_again(tmp_path, CUTS, (sys.executable, "-m", "api"))
    acknowledged = len(ledger.acknowledged())
    assert found == []
    print(f"{CUTS} power cuts, {acknowledged} acknowledged writes, 0 lost, 0 half applied")  # noqa: T201
    assert acknowledged >= CUTS * 5, "the load was too small to show anything"


def test_the_harness_catches_a_server_that_does_not_flush(tmp_path: Path) -> None:
    found, _ = cut_again_and_again(tmp_path, 2, CARELESS)
    assert any(each.startswith("lost") for each in found), "a loss was injected and not seen"
