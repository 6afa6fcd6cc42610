# ruff: noqa: D102 - the protocol Step says what both methods of every step are.
"""The steps of a compiled FHIRPath expression.

https://hl7.org/fhirpath/N1/

Each step selects nodes from nodes, and tells which datatypes it can select from which: the first
for a resource, the second for the definitions.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple, Protocol

from api.fhir import definitions

_ABSTRACT: Final = ("Resource", "DomainResource")
_REFERENCE: Final = re.compile(r"(?:^|.*/)([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/.*)?$")


class Node(NamedTuple):
    """A JSON value and its datatype (`HumanName`, `code`, `Patient.contact`).

    `value_set` is that of the element's required binding, if it has one.
    """

    value: Any
    datatype: str
    value_set: str | None = None


def referenced_type(reference: Any, root: dict[str, Any]) -> str | None:
    """Tell the type that a Reference, canonical or uri points at, as far as it says so itself."""
    if isinstance(reference, str):
        text, declared = reference, None
    elif isinstance(reference, dict):
        text, declared = reference.get("reference") or "", reference.get("type")
    else:
        return None
    if text.startswith("#"):
        contained = root.get("contained") or ()
        return next(
            (each["resourceType"] for each in contained if each.get("id") == text[1:]), None
        )
    match = _REFERENCE.match(text)
    return match[1] if match else declared


class Step(Protocol):
    """One step of an expression."""

    def select(self, nodes: list[Node], root: dict[str, Any], /) -> list[Node]:
        """Give what the step selects from these nodes of the resource `root`."""
        ...

    def types(self, focus: frozenset[str], /) -> frozenset[str]:
        """Give the datatypes that it can select from values of these datatypes."""
        ...


@cache
def _members(datatype: str, name: str) -> tuple[definitions.Element, ...]:
    """Give the elements that a name means on a type: one, or every spelling of a choice."""
    if datatype in _ABSTRACT or not definitions.is_known(datatype):
        return ()
    found = definitions.elements(datatype)
    if name in found:
        return (found[name],)
    return tuple(each for each in found.values() if each.choice_of == name)


@dataclass(frozen=True, slots=True)
class Member:
    """`name`: the child elements of that name. A type's own name selects the resource itself."""

    name: str

    @property
    def names_a_type(self) -> bool:
        """Whether it starts a path (`Patient`) and is no element."""
        return self.name[0].isupper()

    def select(self, nodes: list[Node], _root: dict[str, Any]) -> list[Node]:
        if self.names_a_type:
            return [node for node in nodes if self.name in (node.datatype, *_ABSTRACT)]
        return [child for node in nodes for child in self._children(node)]

    def _children(self, node: Node) -> Iterator[Node]:
        if not isinstance(node.value, dict):
            return
        datatype = node.value["resourceType"] if node.datatype == "Resource" else node.datatype
        for element in _members(datatype, self.name):
            value = node.value.get(element.json_key)
            for each in value if isinstance(value, list) else (value,):
                if each is not None:
                    yield Node(each, element.type, element.value_set)

    def types(self, focus: frozenset[str]) -> frozenset[str]:
        if self.names_a_type:
            return focus & {self.name} or (focus if self.name in _ABSTRACT else frozenset())
        return frozenset(each.type for datatype in focus for each in _members(datatype, self.name))


@dataclass(frozen=True, slots=True)
class Chain:
    """`first.second`: each step selects from what the one before it selected."""

    steps: tuple[Step, ...]

    def select(self, nodes: list[Node], root: dict[str, Any]) -> list[Node]:
        for step in self.steps:
            nodes = step.select(nodes, root)
        return nodes

    def types(self, focus: frozenset[str]) -> frozenset[str]:
        for step in self.steps:
            focus = step.types(focus)
        return focus


@dataclass(frozen=True, slots=True)
class Union:
    """`first | second`: everything that any branch selects."""

    branches: tuple[Step, ...]

    def select(self, nodes: list[Node], root: dict[str, Any]) -> list[Node]:
        return [node for branch in self.branches for node in branch.select(nodes, root)]

    def types(self, focus: frozenset[str]) -> frozenset[str]:
        return frozenset().union(*(branch.types(focus) for branch in self.branches))


@dataclass(frozen=True, slots=True)
class OfType:
    """`as T`, `as(T)`, `ofType(T)`: only values of that datatype."""

    datatype: str

    def select(self, nodes: list[Node], _root: dict[str, Any]) -> list[Node]:
        return [node for node in nodes if node.datatype == self.datatype]

    def types(self, focus: frozenset[str]) -> frozenset[str]:
        return focus & {self.datatype}


@dataclass(frozen=True, slots=True)
class Index:
    """`[0]`: the value at that place."""

    position: int

    def select(self, nodes: list[Node], _root: dict[str, Any]) -> list[Node]:
        return nodes[self.position : self.position + 1]

    def types(self, focus: frozenset[str]) -> frozenset[str]:
        return focus


@dataclass(frozen=True, slots=True)
class Where:
    """`where(criterion)`: the values for which the criterion is true."""

    criterion: Step

    def select(self, nodes: list[Node], root: dict[str, Any]) -> list[Node]:
        return [node for node in nodes if _is_true(self.criterion.select([node], root))]

    def types(self, focus: frozenset[str]) -> frozenset[str]:
        return focus


@dataclass(frozen=True, slots=True)
class Extension:
    """`extension('url')`: the extensions with that URL."""

    url: str

    def select(self, nodes: list[Node], root: dict[str, Any]) -> list[Node]:
        extensions = Member("extension").select(nodes, root)
        return [node for node in extensions if node.value.get("url") == self.url]

    def types(self, _focus: frozenset[str]) -> frozenset[str]:
        return frozenset(("Extension",))


@dataclass(frozen=True, slots=True)
class Resolve:
    """`resolve()`, of which only the type is ever asked: a node whose datatype is the target's."""

    def select(self, nodes: list[Node], root: dict[str, Any]) -> list[Node]:
        types = ((node.value, referenced_type(node.value, root)) for node in nodes)
        return [Node(value, name) for value, name in types if name]

    def types(self, _focus: frozenset[str]) -> frozenset[str]:
        return frozenset(("Resource",))


@dataclass(frozen=True, slots=True)
class Exists:
    """`exists()`: whether there is anything."""

    def select(self, nodes: list[Node], _root: dict[str, Any]) -> list[Node]:
        return [Node(bool(nodes), "boolean")]

    def types(self, _focus: frozenset[str]) -> frozenset[str]:
        return frozenset(("boolean",))


@dataclass(frozen=True, slots=True)
class Test:
    """`left = right`, `left != right`, `left and right`, `left is T`: one boolean."""

    left: Step
    operator: str
    right: Any

    def select(self, nodes: list[Node], root: dict[str, Any]) -> list[Node]:
        return [Node(self._holds(self.left.select(nodes, root), nodes, root), "boolean")]

    def _holds(self, left: list[Node], nodes: list[Node], root: dict[str, Any]) -> bool:
        if self.operator == "and":
            return _is_true(left) and _is_true(self.right.select(nodes, root))
        if self.operator == "is":
            return any(node.datatype == self.right for node in left)
        # A comparison with nothing is empty in FHIRPath, and an empty criterion does not hold.
        return bool(left) and (left[0].value == self.right) == (self.operator == "=")

    def types(self, focus: frozenset[str]) -> frozenset[str]:
        if not self.left.types(focus):
            return frozenset()
        return frozenset(("boolean",))


def first_keys(step: Step, base: str) -> frozenset[str] | None:
    """Give the JSON keys of a resource without any of which the step selects nothing.

    None when there are none such: `exists()` and comparisons answer for what is not there too.
    """
    if isinstance(step, Union):
        keys = [first_keys(branch, base) for branch in step.branches]
        known = [each for each in keys if each is not None]
        return frozenset().union(*known) if len(known) == len(keys) else None
    if not isinstance(step, Chain) or any(isinstance(each, Exists) for each in step.steps):
        return None
    first, second, *_ = step.steps
    if isinstance(first, Member) and isinstance(second, Member) and first.names_a_type:
        return frozenset(each.json_key for each in _members(base, second.name))
    return first_keys(first, base)


def relative_keys(step: Step, focus: frozenset[str]) -> frozenset[str] | None:
    """Give the JSON keys of an element without any of which the step selects nothing from it."""
    if isinstance(step, Union):
        keys = [relative_keys(branch, focus) for branch in step.branches]
        known = [each for each in keys if each is not None]
        return frozenset().union(*known) if len(known) == len(keys) else None
    first, *others = step.steps if isinstance(step, Chain) else (step,)
    if not isinstance(first, Member) or first.names_a_type:
        return None
    found = [each for datatype in focus for each in _members(datatype, first.name)]
    if others and isinstance(others[0], OfType):
        found = [each for each in found if each.type == others[0].datatype]
    return frozenset(each.json_key for each in found)


def _is_true(nodes: Iterable[Node]) -> bool:
    return any(node.value is True for node in nodes)
