"""`python -m api migrate`: bring the database to the newest schema."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.settings import Settings
from api.store import migration

console = Console(stderr=True)


def migrate(
    *,
    database_url: Annotated[
        str | None, typer.Option(help="sqlite:///FILE or postgresql://… [SQLite in --data-dir].")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where data are kept [./data].")] = None,
    revision: Annotated[
        str, typer.Option(help="head, or a revision to go back to (base: the empty database).")
    ] = "head",
) -> None:
    """Migrate the database, up or down; a running server must be stopped first."""
    settings = Settings.from_environment().with_flags(database_url=database_url, data_dir=data_dir)
    settings.check()
    if settings.is_sqlite and not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    before = migration.current_revision(settings.database)
    with console.status("Migrating …"):
        if revision == "head":
            migration.upgrade(settings.database)
        else:
            migration.downgrade(settings.database, revision)
    after = migration.current_revision(settings.database)
    console.print(
        f"Schema {after or 'empty'}" + (" (was already)" if before == after else ""),
        highlight=False,
    )
