"""The code systems and value sets that HL7 publishes with R4, read one by one when asked for.

See `api.fhir.r4.cut_terminology` for what the archive holds and what it leaves out.
"""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import orjson

from api.fhir.lexical import Resource
from api.fhir.terminology.code_system import CodeSystem

ARCHIVE: Final = Path(__file__).parents[1] / "r4" / "terminology.zip"
# Enough for what a clinic's forms use; the largest takes about a megabyte.
_KEPT: Final = 64


def published_value_set(url: str) -> Resource | None:
    """Give the ValueSet of a canonical URL, or None; the caller does not change it."""
    return _resource("ValueSet", url)


@lru_cache(_KEPT)
def published_code_system(url: str) -> CodeSystem | None:
    """Give the code system of a URL, or None."""
    resource = _resource("CodeSystem", url)
    return CodeSystem.of(resource) if resource is not None else None


@cache
def _index() -> dict[str, dict[str, str]]:
    return dict(_read("index.json"))


@lru_cache(_KEPT)
def _resource(resource_type: str, url: str) -> Resource | None:
    name = _index()[resource_type].get(url)
    return dict(_read(name)) if name is not None else None


def _read(name: str) -> Any:
    with ZipFile(ARCHIVE) as archive:
        return orjson.loads(archive.read(name))
