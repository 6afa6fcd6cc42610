"""`python -m api demo`: load the demo clinic into a server and tell one runner's story."""

import socket
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.cli.serve import DrainingServer, server_config
from api.settings import Settings


def demo(
    *,
    url: Annotated[
        str | None, typer.Option(help="FHIR base of a running server [this machine's].")
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="Used when no server runs [SQLite in --data-dir].")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where data are kept [./data].")] = None,
) -> None:
    """Load the demo through HTTP: into the server that runs, or into one started for it."""
    # The HTTP client is imported here: the other commands start sooner.
    from api.cli.story import answers, load_and_tell  # noqa: PLC0415

    settings = Settings.from_environment().with_flags(database_url=database_url, data_dir=data_dir)
    base = url or settings.base_url
    console = Console()
    if url or answers(base):
        load_and_tell(base, console)
        return
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings = settings.with_flags(host="127.0.0.1", port=listening.getsockname()[1])
        server = DrainingServer(server_config(settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            _wait(server, thread)
            load_and_tell(settings.base_url, console)
        finally:
            server.should_exit = True
            thread.join()


def _wait(server: DrainingServer, thread: threading.Thread) -> None:
    while thread.is_alive() and not server.started:
        thread.join(0.02)
