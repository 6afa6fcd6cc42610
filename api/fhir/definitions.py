"""What the definitions of FHIR R4 and of this server's own types say of each element.

The data is cut from HL7's StructureDefinitions (`api/fhir/r4`); the logical model Assessment stands
beside it in the same form (`api/fhir/runspine`). Files are read when first asked for, and the
elements of a type are built when that type is first asked for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from sys import intern
from typing import Any

import orjson

DIRECTORIES = (Path(__file__).parent / "r4", Path(__file__).parent / "runspine")


@dataclass(frozen=True, slots=True)
class Element:
    """One element as its type defines it; a choice has one for each spelling of its key.

    `type` names a primitive (`code`), a datatype (`HumanName`), `Resource`, or by its path a
    backbone element (`Patient.contact`). `minimum` of a choice holds for the choice as a whole.
    `targets` is empty where a reference may point at any type. `value_set` is the canonical URL of
    a required binding, without its version; `binding` names the code systems it draws from.
    """

    json_key: str
    type: str
    minimum: int
    maximum: int | None
    targets: tuple[str, ...]
    value_set: str | None
    binding: tuple[str, ...]
    choice_of: str | None

    @property
    def is_array(self) -> bool:
        """Whether JSON holds an array here, even of one."""
        return self.maximum != 1

    @property
    def is_primitive(self) -> bool:
        """Whether JSON holds a string, number or boolean here, with `_key` beside it."""
        return self.type[0].islower()


def elements(type_name: str) -> Mapping[str, Element]:
    """Give the elements of a resource type, datatype or backbone element, in definition order.

    The key is the JSON key (`valueQuantity`, not `value[x]`); `resourceType` is none of them.
    Raises KeyError for a type that is not known.
    """
    found = _built.get(type_name)
    if found is None:
        found = _built[type_name] = dict(_elements(type_name))
    return found


def element(type_name: str, json_key: str) -> Element | None:
    """Give one element of a type that is known, or None when the type has no such element."""
    return elements(type_name).get(json_key)


def is_known(type_name: str) -> bool:
    """Tell whether `elements` knows this type."""
    return type_name in _rows()


@cache
def resource_types() -> Mapping[str, str]:
    """Give every concrete resource type with HL7's category (`Base.Individuals`)."""
    return {name: kind for each in _files() for name, kind in each["resources"].items()}


@cache
def types_not_served() -> frozenset[str]:
    """Name the resource types of R4 that this server does not serve; references may name them."""
    return frozenset(name for each in _files() for name in each["notServed"])


@cache
def codes(value_set: str) -> Mapping[str, frozenset[str]] | None:
    """Give the codes of a required binding's value set by code system.

    None when no list can hold them (media types, currencies, units).
    """
    listed = _value_sets().get(value_set)
    if listed is None:
        return None
    return {intern(system): frozenset(each) for system, each in listed.items()}


@cache
def system_of(value_set: str, code: str) -> str | None:
    """Give the code system that an element of type `code` draws this code from."""
    listed = _value_sets().get(value_set) or {}
    return next((system for system, each in listed.items() if code in each), None)


def search_parameter_rows() -> Mapping[str, Mapping[str, list[Any]]]:
    """Give type → code → row of every search parameter; see `api.fhir.r4.cut` for the row."""
    merged: dict[str, dict[str, list[Any]]] = {}
    for each in _read("search-parameters.json"):
        for base, rows in each.items():
            merged.setdefault(base, {}).update(rows)
    return merged


@cache
def compartments() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Give compartment → type → codes of the search parameters that put a resource into it."""
    merged: dict[str, dict[str, tuple[str, ...]]] = {}
    for each in _read("compartments.json"):
        for compartment, rows in each.items():
            into = merged.setdefault(compartment, {})
            into.update({name: tuple(codes) for name, codes in rows.items()})
    return merged


def patient_compartment() -> Mapping[str, tuple[str, ...]]:
    """Give type → codes of the search parameters by which a resource belongs to a patient."""
    return compartments()["Patient"]


_built: dict[str, Mapping[str, Element]] = {}


@cache
def _rows() -> dict[str, dict[str, list[Any]]]:
    return {name: rows for each in _files() for name, rows in each["elements"].items()}


@cache
def _files() -> tuple[dict[str, Any], ...]:
    return tuple(_read("elements.json"))


@cache
def _value_sets() -> dict[str, dict[str, list[str]] | None]:
    return {url: codes for each in _read("codes.json") for url, codes in each.items()}


def _read(name: str) -> Iterator[dict[str, Any]]:
    return (orjson.loads((directory / name).read_bytes()) for directory in DIRECTORIES)


def _elements(type_name: str) -> Iterator[tuple[str, Element]]:
    for json_key, row in _rows()[type_name].items():
        name, minimum, maximum, targets, value_set, choice = row + [None] * (6 - len(row))
        yield (
            intern(json_key),
            Element(
                json_key=intern(json_key),
                type=intern(name),
                minimum=minimum or 0,
                maximum=maximum or None,
                targets=tuple(targets or ()),
                value_set=value_set or None,
                binding=tuple(_value_sets().get(value_set) or ()) if value_set else (),
                choice_of=choice or None,
            ),
        )
