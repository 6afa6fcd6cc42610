"""`python -m api serve`: listen and answer until Ctrl-C or SIGTERM, then drain."""

import os
import socket
import threading
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
import uvicorn
from rich.console import Console
from typing_extensions import override
from uvicorn.supervisors import Multiprocess

from api.app import create_app
from api.settings import PREFIX, Settings, SettingsError
from api.store import migration
from api.store.sqlite_file import FileOwnership, path_of

DRAIN_SECONDS = 25

console = Console(stderr=True)


def serve(  # noqa: PLR0913 - one argument a setting: the command line's own form.
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on [127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one [8000].")] = None,
    database_url: Annotated[
        str | None, typer.Option(help="sqlite:///FILE or postgresql://… [SQLite in --data-dir].")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where data are kept [./data].")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; PostgreSQL only [1].")] = None,
    auth: Annotated[str | None, typer.Option(help="on or off [off, until it is built].")] = None,
    demo: Annotated[bool | None, typer.Option("--demo", help="Load and tell the demo.")] = None,
    public_url: Annotated[
        str | None, typer.Option(help="The address that clients see [the bound one].")
    ] = None,
    references: Annotated[
        str | None, typer.Option(help="refuse or allow references to what is not here [refuse].")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Zone of dates without one [Australia/Melbourne].")
    ] = None,
    knowledge_dir: Annotated[
        Path | None, typer.Option(help="A clinic's own thresholds and texts.")
    ] = None,
) -> None:
    """Serve the API."""
    settings = Settings.from_environment().with_flags(
        host=host,
        port=port,
        database_url=database_url,
        data_dir=data_dir,
        workers=workers,
        auth=auth,
        demo=demo,
        public_url=public_url,
        references=references,
        time_zone=time_zone,
        knowledge_dir=knowledge_dir,
    )
    settings.check()
    _check_database(settings)
    listening = _listen(settings)
    settings = settings.with_flags(port=listening.getsockname()[1])
    _announce(settings)
    if settings.workers > 1:
        _serve_many(settings, listening)
    else:
        _serve_one(settings, listening)


class DrainingServer(uvicorn.Server):
    """Ends with exit code 0 when asked to stop: requests under way are finished first."""

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain on the first signal, stop at once on the second."""
        self.force_exit = self.should_exit
        self.should_exit = True


def server_config(settings: Settings) -> uvicorn.Config:
    """Give uvicorn's settings for one process."""
    return uvicorn.Config(create_app(settings), **_common())


def _common() -> dict[str, Any]:
    return {
        "http": "httptools",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": 5,
        "timeout_graceful_shutdown": DRAIN_SECONDS,
        "ws": "none",
    }


def _check_database(settings: Settings) -> None:
    if settings.is_sqlite:
        path = path_of(settings.database)
        if path.exists():
            FileOwnership(path, settings.root_url).close()
    if not migration.is_current(settings.database):
        raise SettingsError(
            "The database does not hold the newest schema. Run `python -m api migrate` first, "
            "with the same --database-url or --data-dir."
        )


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            "Choose another with --port."
        ) from error
    listening.set_inheritable(True)
    return listening


def _announce(settings: Settings) -> None:
    console.print(f"RunSpine serves {settings.base_url}", style="bold", highlight=False)
    console.print(f"Swagger: {settings.root_url}/docs   Stop: Ctrl-C", highlight=False)
    if not settings.is_loopback:
        console.print(
            "OPEN SERVER: anyone who reaches this address may read and write every record.",
            style="bold white on red",
        )


def _serve_one(settings: Settings, listening: socket.socket) -> None:
    server = DrainingServer(server_config(settings))
    _tell_demo(settings)
    server.run(sockets=[listening])


def _tell_demo(settings: Settings) -> None:
    """Load the demo over the server's own socket, as soon as somebody answers there."""
    if not settings.demo:
        return
    base = f"http://{_reachable(settings)}/fhir"
    threading.Thread(target=_load_and_tell, args=(base,), daemon=True).start()


def _load_and_tell(base: str) -> None:
    # The HTTP client is imported here: a server without a demo starts sooner.
    from api.cli.story import load_and_tell, wait_for  # noqa: PLC0415

    if wait_for(base):
        load_and_tell(base, Console())


def _reachable(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    return f"[{host}]:{settings.port}" if ":" in host else f"{host}:{settings.port}"


def _serve_many(settings: Settings, listening: socket.socket) -> None:
    for field in fields(settings):
        value = getattr(settings, field.name)
        os.environ[PREFIX + field.name.upper()] = (
            "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)
        )
    config = uvicorn.Config(
        "api.app:create_app_from_environment", factory=True, workers=settings.workers, **_common()
    )
    _tell_demo(settings)
    Multiprocess(config, sockets=[listening]).run()
