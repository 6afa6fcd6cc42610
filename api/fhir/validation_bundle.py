"""Rules for the entries of a Bundle that stand in the text of R4 and in no invariant.

https://hl7.org/fhir/R4/bundle.html#bundle-unique and https://hl7.org/fhir/R4/http.html#search
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from api.fhir.validation_problem import Problem, rule

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
# A search may answer with an outcome beside what it found; that has no identity.
_WITHOUT_ID: Final = frozenset(("OperationOutcome",))


def entry_problems(bundle: dict[str, Any]) -> Iterator[Problem]:
    """Check what each entry says of its identity; anything that is no entry is passed over."""
    entries = bundle.get("entry")
    is_found = bundle.get("type") == "searchset"
    for position, entry in enumerate(entries if type(entries) is list else ()):
        if type(entry) is not dict:
            continue
        full_url, resource = entry.get("fullUrl"), entry.get("resource")
        if type(full_url) is str and not _ABSOLUTE.fullmatch(full_url):
            sentence = "fullUrl must be absolute: an address, urn:uuid: or urn:oid:."
            yield rule("invariant", sentence, f"entry[{position}].fullUrl")
        if is_found and type(resource) is dict and _lacks_id(resource):
            sentence = "What a search found has an id."
            yield rule("required", sentence, f"entry[{position}].resource.id")


def _lacks_id(resource: dict[str, Any]) -> bool:
    return "id" not in resource and resource.get("resourceType") not in _WITHOUT_ID
