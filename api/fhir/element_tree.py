"""A resource as a tree of elements, the way FHIRPath sees it, and back to the same JSON.

https://hl7.org/fhir/R4/json.html#primitive

In JSON a primitive element lies in two places (`birthDate` and `_birthDate`) and a choice hides its
name in a longer key (`deceasedBoolean`). Here an element is one thing with a parent, so that it can
be found, moved and taken out as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Self

from api.fhir import definitions
from api.fhir.lexical import Resource

# What a primitive may hold beside its value.
_OF_PRIMITIVES = "Element"


@dataclass(slots=True, eq=False)
class Element:
    """One element; `key` is its JSON key, `name` what FHIRPath calls it.

    A primitive has a `value` unless it only carries extensions; every other element has children.
    """

    key: str
    name: str
    datatype: str
    value: Any = None
    children: list["Element"] = field(default_factory=list)
    parent: "Element | None" = None

    @property
    def is_primitive(self) -> bool:
        """Whether the element may have a value of its own."""
        return self.datatype[0].islower()

    @property
    def type_of_children(self) -> str:
        """The type whose elements the children are."""
        return _OF_PRIMITIVES if self.is_primitive else self.datatype

    def named(self, name: str) -> list["Element"]:
        """Give the children of a name, in order."""
        return [each for each in self.children if each.name == name]

    def adopt(self, child: "Element", position: int | None = None) -> None:
        """Take in a child, as the last one or at a position among all children."""
        child.parent = self
        self.children.insert(len(self.children) if position is None else position, child)

    def remove(self) -> None:
        """Leave the parent; a parent that has nothing left leaves as well."""
        parent = self.parent
        if parent is None:
            return
        parent.children.remove(self)
        self.parent = None
        if not parent.children and parent.value is None:
            parent.remove()

    def height(self) -> int:
        """Give the number of levels of JSON below and with this element, at most."""
        levels, level = 0, [self]
        while level:
            # A list in JSON is a level of its own.
            levels += 2
            level = [child for each in level for child in each.children]
        return levels - 1

    @classmethod
    def of_resource(cls, resource: Resource, key: str = "", name: str = "") -> Self:
        """Read a resource whose element names the definitions know; raises KeyError otherwise."""
        root = cls(key, name, resource["resourceType"])
        root.read(resource)
        return root

    def read(self, content: Resource) -> None:
        """Take in the children that a JSON object holds; raises KeyError for an unknown name."""
        known = definitions.elements(self.type_of_children)
        for key in dict.fromkeys(each.removeprefix("_") for each in content):
            if key != "resourceType":
                for child in _read_key(known[key], content):
                    self.adopt(child)

    def as_json(self) -> Any:
        """Give the element as JSON: a value, or an object."""
        if self.is_primitive:
            return self.value
        is_resource = self.datatype in definitions.resource_types()
        written: Resource = {"resourceType": self.datatype} if is_resource else {}
        return written | self.children_as_json()

    def children_as_json(self) -> Resource:
        """Give the children as the members of a JSON object."""
        groups: dict[str, list[Element]] = {}
        for child in self.children:
            groups.setdefault(child.key, []).append(child)
        known = definitions.elements(self.type_of_children)
        return {
            key: value
            for group in groups.values()
            for key, value in _written(group, is_array=known[group[0].key].is_array)
        }


def _read_key(definition: definitions.Element, content: Resource) -> Iterator[Element]:
    key, name = definition.json_key, definition.choice_of or definition.json_key
    values = _listed(content.get(key))
    if not definition.is_primitive:
        for value in values:
            yield _read_object(key, name, definition.type, value)
        return
    for value, beside in zip_longest(values, _listed(content.get(f"_{key}"))):
        element = Element(key, name, definition.type, value)
        if beside is not None:
            element.read(beside)
        yield element


def _read_object(key: str, name: str, datatype: str, value: Resource) -> Element:
    if datatype == "Resource":
        return Element.of_resource(value, key, name)
    element = Element(key, name, datatype)
    element.read(value)
    return element


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _written(group: list[Element], *, is_array: bool) -> Iterator[tuple[str, Any]]:
    key = group[0].key
    values = [each.as_json() for each in group]
    if any(value is not None for value in values):
        yield key, values if is_array else values[0]
    if group[0].is_primitive:
        beside = [each.children_as_json() or None for each in group]
        if any(beside):
            yield f"_{key}", beside if is_array else beside[0]
