"""The profiles that come with this server, read one by one when asked for."""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import orjson

from api.fhir.profiles.structure import Profile, profile_of

ARCHIVE: Final = Path(__file__).parent / "profiles.zip"
_KEPT: Final = 128


@cache
def published_urls() -> Mapping[str, str]:
    """Give the canonical URL of every profile that is known, with the name of its data."""
    found: Mapping[str, str] = _read("index.json")
    return found


def published_profile(url: str) -> Profile | None:
    """Give a profile by its canonical URL, with or without a version; None for one not known."""
    name = published_urls().get(url.partition("|")[0])
    return _profile(name) if name is not None else None


@lru_cache(_KEPT)
def _profile(name: str) -> Profile:
    return profile_of(_read(name))


def _read(name: str) -> Any:
    with ZipFile(ARCHIVE) as archive:
        return orjson.loads(archive.read(name))
