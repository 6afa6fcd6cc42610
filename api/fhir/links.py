"""Every place of a resource that may name another one: found, and rewritten.

https://hl7.org/fhir/R4/http.html#trules: a transaction replaces references to its own entries in
`Reference.reference`, in elements of type uri, url, oid and uuid, and in `<a href>` and `<img src>`
of narratives. Elements are told by their definitions: `DetectedIssue.reference` is a uri, though it
is named like the literal of a Reference. What stands where nothing of its kind belongs is passed
over, so that a resource may be walked before it was checked.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from api.fhir import definitions
from api.fhir.lexical import Resource
from api.fhir.narrative import rewrite_addresses

LINK_TYPES = frozenset(("uri", "url", "canonical", "oid", "uuid"))
LINK = "uri"
XHTML = "xhtml"
REFERENCE = "Reference"


def references(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each Reference with its FHIRPath, at any depth, those of contained resources included.

    Resources in the entries of a Bundle or in Parameters are wholes of their own and left out.
    """
    name = _resource_type(resource)
    if name:
        yield from ((f"{name}.{path}", found) for path, found in _references(resource, name))


def rewrite_links(resource: Resource, mapping: Mapping[str, str]) -> Resource:
    """Give the resource with every link that equals a key of the mapping replaced by its value.

    The resource itself stays as it is; parts that do not change are shared with it.
    """
    name = _resource_type(resource)
    rewritten = _rewritten(resource, name, mapping) if name else resource
    return rewritten if isinstance(rewritten, dict) else resource


def _resource_type(value: Any) -> str | None:
    name = value.get("resourceType") if isinstance(value, dict) else None
    return name if isinstance(name, str) and name in definitions.resource_types() else None


@cache
def _steps(type_name: str) -> Mapping[str, str]:
    """Give the keys of a type below which a link may stand, with the type that stands there."""
    steps: dict[str, str] = {}
    for each in definitions.elements(type_name).values():
        if each.is_primitive:
            # Beside a primitive stand its extensions.
            steps["_" + each.json_key] = "Element"
        if each.type in LINK_TYPES:
            steps[each.json_key] = LINK
        elif each.type == XHTML or not each.is_primitive:
            steps[each.json_key] = each.type
    if type_name == REFERENCE:
        steps["reference"] = LINK
    if type_name in ("Bundle.entry", "Parameters.parameter"):
        del steps["resource"]
    return steps


@cache
def _steps_to_references(type_name: str) -> Mapping[str, str]:
    return {key: name for key, name in _steps(type_name).items() if name not in (LINK, XHTML)}


def _type_of(value: dict[str, Any], expected: str) -> str | None:
    return _resource_type(value) if expected == "Resource" else expected


def _references(value: dict[str, Any], type_name: str) -> list[tuple[str, dict[str, Any]]]:
    steps = _steps_to_references(type_name)
    found: list[tuple[str, dict[str, Any]]] = []
    for key, item in value.items():
        expected = steps.get(key)
        if expected is None:
            continue
        if type(item) is dict:
            found += _references_of(item, expected, key)
        elif type(item) is list:
            for position, each in enumerate(item):
                if type(each) is dict:
                    found += _references_of(each, expected, f"{key}[{position}]")
    return found


def _references_of(
    value: dict[str, Any], expected: str, step: str
) -> list[tuple[str, dict[str, Any]]]:
    name = _type_of(value, expected)
    if name is None:
        return []
    below = [(f"{step}.{path}", each) for path, each in _references(value, name)]
    return [(step, value), *below] if name == REFERENCE else below


def _rewritten(value: Any, expected: str, mapping: Mapping[str, str]) -> Any:
    if type(value) is str:
        if expected == XHTML:
            return rewrite_addresses(value, mapping)
        return mapping.get(value, value) if expected == LINK else value
    if type(value) is list:
        items = [_rewritten(each, expected, mapping) for each in value]
        return items if _differ(items, value) else value
    if type(value) is not dict or expected in (LINK, XHTML):
        return value
    name = _type_of(value, expected)
    return _rewritten_object(value, name, mapping) if name else value


def _rewritten_object(
    value: dict[str, Any], type_name: str, mapping: Mapping[str, str]
) -> dict[str, Any]:
    steps = _steps(type_name)
    changed: dict[str, Any] = {}
    for key, item in value.items():
        expected = steps.get(key)
        if expected is not None:
            new = _rewritten(item, expected, mapping)
            if new is not item:
                changed[key] = new
    return {**value, **changed} if changed else value


def _differ(items: list[Any], originals: list[Any]) -> bool:
    return any(new is not old for new, old in zip(items, originals, strict=True))
