"""`python -m api openapi`: write the OpenAPI document, or check the committed one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.app import VERSION
from api.http.openapi import document_text
from api.settings import SettingsError

COMMITTED = Path("openapi/openapi.json")


def openapi(
    *,
    output: Annotated[Path, typer.Option(help="Where to write it.")] = COMMITTED,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when the file is out of date.")
    ] = False,
) -> None:
    """Write the OpenAPI document of this version."""
    document = document_text(VERSION).encode()
    if not check:
        output.write_bytes(document)
        Console().print(f"{output}: {len(document):,} bytes", highlight=False)
    elif not output.exists() or output.read_bytes() != document:
        raise SettingsError(f"{output} is out of date: run `python -m api openapi`.")
