"""What `resolve()` finds without a store: contained resources, and the type that a reference names.

https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from collections.abc import Mapping
from typing import Any

from api.fhir import references


def contained_by_id(root: Any) -> Mapping[str, Any]:
    """Give the contained resources of a resource by their ids, the first of each."""
    listed = root.get("contained") if type(root) is dict else None
    found: dict[str, Any] = {}
    for each in listed if type(listed) is list else ():
        if type(each) is dict and type(each.get("id")) is str:
            found.setdefault(each["id"], each)
    return found


def referenced(reference: Any, root: Any, contained: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the resource that a Reference, canonical or uri points at, as far as it can be told.

    Of a resource elsewhere that is its type alone; None where the reference does not name it.
    """
    if type(reference) is dict:
        text, declared = reference.get("reference"), reference.get("type")
    else:
        text, declared = reference, None
    if type(text) is str:
        if text.startswith("#"):
            return contained.get(text[1:]) if text[1:] else root
        local = references.parse_relative("/".join(text.split("/")[-2:]))
        if local:
            return {"resourceType": local.resource_type}
    return {"resourceType": references.type_named(declared)} if type(declared) is str else None
