"""The values of an element of a profile in the JSON of a resource, each with its path and type."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.fhir import definitions
from api.fhir.definitions import Element
from api.fhir.fhirpath.values import Beside, primitives

CHOICE = "[x]"


@dataclass(frozen=True, slots=True)
class Value:
    """A value as FHIRPath has it, where it stands, and the type that its definition gives it."""

    item: Any
    path: str
    type_name: str

    @property
    def element(self) -> Any:
        """The JSON object; of a primitive what stands beside it."""
        return self.item.element if type(self.item) is Beside else self.item


def values(of: Value, name: str) -> list[Value]:
    """Give the values of an element: `code`, or every spelling of `value[x]`."""
    element = of.element
    if type(element) is not dict:
        return []
    owner = of.type_name if of.type_name[0].isupper() else "Element"
    return [each for known in _named(owner, name) for each in _values(element, known, of.path)]


def _named(owner: str, name: str) -> list[Element]:
    if not definitions.is_known(owner):
        return []
    known = definitions.elements(owner)
    if name.endswith(CHOICE):
        return [each for each in known.values() if each.choice_of == name.removesuffix(CHOICE)]
    return [known[name]] if name in known else []


def _values(element: dict[str, Any], known: Element, path: str) -> Iterator[Value]:
    value = element.get(known.json_key)
    sibling = element.get(f"_{known.json_key}") if known.is_primitive else None
    if value is None and sibling is None:
        return
    items = primitives(value, sibling)
    step = f"{path}.{known.json_key}"
    for position, item in enumerate(items):
        where = f"{step}[{position}]" if known.is_array else step
        yield Value(item, where, _type_of(item, known))


def _type_of(item: Any, known: Element) -> str:
    if known.type == "Resource" and type(item) is dict:
        name = item.get("resourceType")
        return name if isinstance(name, str) else known.type
    return known.type
