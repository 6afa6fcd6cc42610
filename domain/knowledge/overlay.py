"""A clinic's own numbers and texts laid over the shipped ones, key by key."""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from domain.knowledge.records import Data

_HERE = Path(__file__).parent

# The form itself, and what decides about safety or about the meaning of a code, is not editable.
FIXED_FILES = ("checklist.json",)
FIXED_KEYS = {
    "contributors.json": ("perSide",),
    "exercises.json": ("inRun", "perSide"),
    "findings.json": ("kind", "unit"),
    "goals.json": ("measure", "comparator", "unit", "phase"),
    "patterns.json": ("minimumData",),
    "red-flags.json": ("blocks",),
    "run-status.json": ("level", "unit"),
    "thresholds.json": ("unit",),
}


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not a number"
    raise ValueError(message)


def read(path: Path) -> Data:
    """Read one knowledge file; decimals keep their digits.

    Raises:
        ValueError: the file is not a JSON object.

    """
    try:
        data = json.loads(
            path.read_text("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError, OSError) as error:
        message = f"The knowledge file {path.name} cannot be read as JSON: {error}."
        raise ValueError(message) from error
    if not isinstance(data, dict):
        message = f"The knowledge file {path.name} must hold a JSON object."
        raise ValueError(message)  # noqa: TRY004 - a mistake in a file, not in a call
    return data


@cache
def shipped() -> dict[str, Data]:
    """Return the shipped files by name, read once; they are not to be changed."""
    return {path.name: read(path) for path in sorted(_HERE.glob("*.json"))}


def overlaid(base: Mapping[str, Data], directory: Path) -> dict[str, Data]:
    """Return the shipped files with a clinic's files laid over them.

    Raises:
        ValueError: the directory is none, or a file or key in it is not one of the shipped ones.

    """
    if not directory.is_dir():
        message = f"The knowledge directory {directory} does not exist."
        raise ValueError(message)
    files = dict(base)
    for path in sorted(directory.glob("*.json")):
        if path.name not in base or path.name in FIXED_FILES:
            known = ", ".join(name for name in sorted(base) if name not in FIXED_FILES)
            message = f"The knowledge file {path.name} is not one that can be edited: {known}."
            raise ValueError(message)
        files[path.name] = _merged(path.name, "", base[path.name], read(path))
    return files


def _merged(file: str, key: str, base: Data, own: Data) -> Data:
    merged = dict(base)
    for name, value in own.items():
        place = f"{key}.{name}" if key else name
        if name not in base:
            message = f"The knowledge file {file} has the key {place}, which is not known."
            raise ValueError(message)
        if name in FIXED_KEYS.get(file, ()) and value != base[name]:
            message = f"The knowledge file {file} changes {place}, which is not editable."
            raise ValueError(message)
        merged[name] = _replaced(file, place, base[name], value)
    return merged


def _replaced(file: str, place: str, base: Any, own: Any) -> Any:
    if _kind(base) != _kind(own):
        message = f"The knowledge file {file} needs {_kind(base)} at {place}."
        raise ValueError(message)
    return _merged(file, place, base, own) if isinstance(base, dict) else own


def _kind(value: Any) -> str:
    """Name the kind of a JSON value in words; every list here is one of texts or of whole ones."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, list):
        numbers = bool(value) and all(type(each) is int for each in value)
        texts = all(isinstance(each, str) for each in value)
        return "a list of whole numbers" if numbers else "a list of texts" if texts else "a list"
    names = ((str, "a text"), (dict, "an object"), (int, "a number"), (Decimal, "a number"))
    return next((name for kind, name in names if isinstance(value, kind)), "a value")
