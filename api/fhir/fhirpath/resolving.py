"""What `resolve()` finds without a store: contained resources, and the type that a reference names.

https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from typing import Any

from api.fhir import references


def referenced(reference: Any, root: Any) -> dict[str, Any] | None:
    """Give the resource that a Reference, canonical or uri points at, as far as it can be told.

    Of a resource elsewhere that is its type alone; None where the reference does not name it.
    """
    if type(reference) is dict:
        text, declared = reference.get("reference"), reference.get("type")
    else:
        text, declared = reference, None
    if type(text) is str:
        if text.startswith("#"):
            return _contained(text[1:], root)
        local = references.parse_relative("/".join(text.split("/")[-2:]))
        if local:
            return {"resourceType": local.resource_type}
    return {"resourceType": references.type_named(declared)} if type(declared) is str else None


def _contained(resource_id: str, root: Any) -> dict[str, Any] | None:
    if not resource_id:
        return root if type(root) is dict else None
    listed = root.get("contained") if type(root) is dict else None
    for each in listed if type(listed) is list else ():
        if type(each) is dict and each.get("id") == resource_id:
            return each
    return None
