"""A part of a resource: `_summary` and `_elements`.

https://hl7.org/fhir/R4/search.html#summary and https://hl7.org/fhir/R4/search.html#elements

What is left out is left out by its definition: mandatory elements stay, so that the part is still
valid, and so do elements that modify the meaning of the rest, so that nobody takes a record that
was entered in error for one that was not. `meta.tag` says SUBSETTED; such a part must not be
written back.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import Any, Final

import orjson

from api.fhir import definitions
from api.fhir.lexical import parse, serialize

Resource = dict[str, Any]

SUMMARIES: Final = ("true", "text", "data", "count", "false")
SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "Resource encoded in summary mode",
}
_ALWAYS: Final = frozenset(("resourceType", "id", "meta"))


def subset(content: bytes, summary: str = "", elements: Collection[str] = ()) -> bytes:
    """Give the part of a stored resource that a request asks for, with its digits as they are.

    `elements` are names at the root, choices by any of their names; `summary` is a value of
    `_summary`. Both empty: all of it.
    """
    reduce = _REDUCTIONS.get(summary)
    if reduce is None and not elements:
        return content
    parsed: Any = parse(content)
    resource: Resource = parsed
    resource_type = resource["resourceType"]
    if reduce is not None:
        resource = reduce(resource, resource_type)
    if elements:
        resource = _only(resource, resource_type, elements)
    return serialize(_tagged(resource))


def unknown_element(resource_type: str, name: str) -> bool:
    """Tell whether a type has no element of this name at its root."""
    return name not in element_names(resource_type)


@cache
def element_names(resource_type: str) -> frozenset[str]:
    """Give the names of the elements of a type: JSON keys, and choices as `value` or `value[x]`."""
    found = definitions.elements(resource_type).values()
    choices = {each.choice_of for each in found if each.choice_of}
    spelt = {spelling for name in choices for spelling in (name, f"{name}[x]")}
    return frozenset(_ALWAYS | spelt | {each.json_key for each in found})


def _summary(resource: Resource, type_name: str) -> Resource:
    """Keep summary elements, and of those only their own summary elements."""
    names = _rows().get(type_name, ((), ()))[0]
    if not names:
        return resource
    kept = dict(_kept(resource, type_name, frozenset(names)))
    return {key: _summary_within(value, type_name, key) for key, value in kept.items()}


def _summary_within(value: Any, type_name: str, key: str) -> Any:
    if isinstance(value, list):
        return [_summary_within(each, type_name, key) for each in value]
    element = definitions.element(type_name, key)
    if element is None or element.is_primitive or not isinstance(value, dict):
        return value
    type_of_value = value.get("resourceType", "") if element.type == "Resource" else element.type
    return _summary(value, type_of_value)


def _text(resource: Resource, resource_type: str) -> Resource:
    names = {"text"}
    return dict(_kept(resource, resource_type, names, with_modifiers=False))


def _data(resource: Resource, _resource_type: str) -> Resource:
    return {key: value for key, value in resource.items() if key != "text"}


def _only(resource: Resource, resource_type: str, elements: Collection[str]) -> Resource:
    names = {each.removesuffix("[x]") for each in elements}
    return dict(_kept(resource, resource_type, names))


def _kept(
    resource: Resource, type_name: str, names: Collection[str], *, with_modifiers: bool = True
) -> Iterator[tuple[str, Any]]:
    modifiers = _rows().get(type_name, ((), ()))[1] if with_modifiers else ()
    for key, value in resource.items():
        name = key.removeprefix("_")
        element = definitions.element(type_name, name)
        is_asked = name in names or (element is not None and element.choice_of in names)
        is_kept = name in _ALWAYS or name in modifiers
        if element is not None:
            is_kept = is_kept or element.minimum > 0 or (element.choice_of or "") in modifiers
        if is_asked or is_kept:
            yield key, value


def _tagged(resource: Resource) -> Resource:
    meta = resource.get("meta", {})
    tags = [each for each in meta.get("tag", ()) if each.get("code") != SUBSETTED["code"]]
    return resource | {"meta": meta | {"tag": [*tags, SUBSETTED]}}


@cache
def _rows() -> Mapping[str, tuple[list[str], list[str]]]:
    rows: dict[str, tuple[list[str], list[str]]] = {}
    for directory in definitions.DIRECTORIES:
        rows.update(orjson.loads((directory / "summary.json").read_bytes()))
    return rows


_REDUCTIONS: Final[Mapping[str, Callable[[Resource, str], Resource]]] = {
    "true": _summary,
    "text": _text,
    "data": _data,
}
