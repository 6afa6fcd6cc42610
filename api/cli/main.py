"""The commands, and how a mistake ends: one sentence on standard error and exit code 2."""

import sys

import typer
from rich.console import Console

from api.cli.demo import demo
from api.cli.migrate import migrate
from api.cli.openapi import openapi
from api.cli.serve import serve
from api.fhir.outcome import Failure
from api.settings import SettingsError
from api.store.migration import OutdatedSchemaError
from api.store.sqlite_file import StoreInUseError

app = typer.Typer(
    name="python -m api",
    help="RunSpine: a FHIR R4 record server for clinics that treat runners with spinal pain.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # brackets in a help text are brackets
)
for command in (serve, migrate, demo, openapi):
    app.command()(command)

MISTAKES = (SettingsError, StoreInUseError, OutdatedSchemaError, Failure)


def run() -> None:
    """Run the command line."""
    try:
        app()
    except MISTAKES as mistake:
        Console(stderr=True).print(str(mistake), style="bold red", soft_wrap=True, markup=False)
        sys.exit(2)
