"""What a valid resource might do better, and what its extensions lack: for `$validate`.

https://hl7.org/fhir/R4/validation.html

Warnings are the invariants that R4 calls so, codes outside a value set to which an element is bound
as extensible, and an extension where its definition does not see it; HL7's own definitions take
their contexts lightly. A preferred binding gives an information. What an extension holds is no
advice: the strict layer checks it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import orjson

from api.fhir import definitions
from api.fhir.fhirpath.code import Around
from api.fhir.fhirpath.values import plain
from api.fhir.invariants import Invariant, invariants
from api.fhir.lexical import Resource
from api.fhir.outcome import Issue
from api.fhir.profiles.elements import Value, values
from api.fhir.profiles.matching import is_within
from api.fhir.profiles.published import published_profile

BINDINGS: Final = Path(__file__).parent / "r4" / "bindings.json"
SEVERITIES: Final = {"extensible": "warning", "preferred": "information"}
EVERY_RESOURCE: Final = "DomainResource"
NO_NARRATIVE: Final = frozenset(("Binary", "Bundle", "Parameters", "Assessment"))


def advice(resource: Resource) -> Iterator[Issue]:
    """Give all that can be said of a resource which is valid R4."""
    name = resource["resourceType"]
    yield from _of(Value(resource, name, name), "", resource)


def _of(value: Value, place: str, resource: Resource) -> Iterator[Issue]:
    """Look at a value and all below it; `place` is its path in the definitions."""
    around = Around(resource, resource, value.item)
    for each in _warnings(value.type_name, place):
        if not each.holds(value.item, around):
            sentence = f"{each.sentence.rstrip('.')} ({each.key})."
            yield Issue("invariant", sentence, (value.path,), "warning")
    for name, below in _elements(value):
        where = f"{value.type_name}.{name}"
        yield from _binding(below, value.type_name, name)
        if below.type_name == "Extension":
            yield from _extension(below, value, place)
        within = below.item if name in ("contained", "resource") else resource
        yield from _of(below, where, within if type(within) is dict else resource)


def _elements(value: Value) -> Iterator[tuple[str, Value]]:
    """Give every value below this one, with its JSON key."""
    element = value.element
    if type(element) is dict:
        for key in dict.fromkeys(each.removeprefix("_") for each in element):
            yield from ((key, each) for each in values(value, key))


@cache
def _warnings(type_name: str, place: str) -> tuple[Invariant, ...]:
    resource_type = type_name.partition(".")[0]
    is_resource = type_name in definitions.resource_types() and type_name not in NO_NARRATIVE
    paths = dict.fromkeys((type_name, place, *((EVERY_RESOURCE,) if is_resource else ())))
    found = (each for path in paths for each in invariants(path, type_name, resource_type))
    return tuple(each for each in found if not each.is_error)


def _binding(value: Value, owner: str, name: str) -> Iterator[Issue]:
    strength, url = _bindings().get(owner, {}).get(name, ("", ""))
    if strength and is_within(plain(value.item), url) is False:
        sentence = f"No code of it is in {url}, to which the element is bound ({strength})."
        yield Issue("code-invalid", sentence, (value.path,), SEVERITIES[strength])


@cache
def _bindings() -> Mapping[str, Mapping[str, list[str]]]:
    found: Mapping[str, Mapping[str, list[str]]] = orjson.loads(BINDINGS.read_bytes())
    return found


def _extension(value: Value, of: Value, place: str) -> Iterator[Issue]:
    """Check where an extension stands, if its definition is known."""
    url = value.element.get("url")
    profile = published_profile(url) if isinstance(url, str) else None
    if profile is None or profile.type_name != "Extension":
        return
    allowed = {of.type_name, place, "Element", *_kinds(of.type_name)}
    if profile.contexts and allowed.isdisjoint(profile.contexts):
        named = ", ".join(profile.contexts)
        sentence = f"This extension may only stand on {named}, not here ({profile.title})."
        yield Issue("extension", sentence, (value.path,), "warning")


def _kinds(type_name: str) -> tuple[str, ...]:
    """Name the types above a type that the contexts of extensions use."""
    if type_name in definitions.resource_types():
        return "Resource", "DomainResource"
    if "." in type_name:
        return ("BackboneElement",)
    return ("Quantity",) if type_name in ("Age", "Count", "Distance", "Duration") else ()
