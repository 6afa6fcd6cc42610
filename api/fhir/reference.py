"""The forms of a literal reference.

https://hl7.org/fhir/R4/references.html#literal

`Patient/1`, `Patient/1/_history/2` and the same below the server's own base URL are local; the
version is left aside, since a search for the resource finds references to any version of it.
"""

import re
from typing import Final, NamedTuple

_LOCAL: Final = re.compile(
    r"(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?"
)
_VERSION: Final = re.compile(r"/_history/[A-Za-z0-9\-.]{1,64}$")


class LocalReference(NamedTuple):
    """A resource of this server: its type and its id."""

    type: str
    id: str


def local_reference(text: str, base_url: str) -> LocalReference | None:
    """Read a reference to a resource of this server; None for every other reference."""
    match = _LOCAL.fullmatch(text.removeprefix(f"{base_url}/"))
    return LocalReference(match["type"], match["id"]) if match else None


def without_version(url: str) -> str:
    """Give the URL of a resource without the version that a reference names."""
    return _VERSION.sub("", url)
