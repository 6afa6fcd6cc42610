"""References: their grammar, and what a literal reference points at.

https://hl7.org/fhir/R4/references.html
"""

import re
from typing import NamedTuple

from api.fhir import definitions

# A leading dot is within R4's grammar of an id, but `.` and `..` would vanish from an address.
ID = r"(?!\.)[A-Za-z0-9\-.]{1,64}"
MAX_LENGTH = 2048
STRUCTURE_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"

RELATIVE = re.compile(rf"(?P<type>[A-Z][A-Za-z]+)/(?P<id>{ID})(/_history/(?P<version>{ID}))?")
FRAGMENT = re.compile(rf"#({ID})?")
# A name of no scheme that anything would open or run as a document of the reader's own.
ABSOLUTE = re.compile(
    r"(?!(javascript|vbscript|data|file|blob|about):)[A-Za-z][A-Za-z0-9+.\-]*:\S+", re.IGNORECASE
)


class LocalReference(NamedTuple):
    """A reference to a resource of this server; `version` is None when it names none."""

    resource_type: str
    resource_id: str
    version: str | None


def parse_relative(reference: str) -> LocalReference | None:
    """Read `Patient/1` or `Patient/1/_history/2`; None for every other form of reference."""
    found = RELATIVE.fullmatch(reference)
    if found is None or not is_type(found["type"]):
        return None
    return LocalReference(found["type"], found["id"], found["version"])


def is_type(name: str) -> bool:
    """Tell whether this is a resource type of R4, served or not, or one of this server's own."""
    return name in definitions.resource_types() or name in definitions.types_not_served()


def is_elsewhere(reference: str) -> bool:
    """Tell whether this is an absolute URL or a URN, whose target is not looked at."""
    return len(reference) <= MAX_LENGTH and ABSOLUTE.fullmatch(reference) is not None


def is_fragment(reference: str) -> bool:
    """Tell whether this points into the resource itself: `#id`, or `#` for the container."""
    return FRAGMENT.fullmatch(reference) is not None


def type_named(reference_type: str) -> str:
    """Give the resource type that `Reference.type` names, relative or in full."""
    return reference_type.removeprefix(STRUCTURE_DEFINITION)
