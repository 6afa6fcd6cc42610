"""A profile as a tree: each element with what it asks, its slices, and the elements below it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MANY = "*"


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One type that an element may have, with profiles of it and of what it may refer to."""

    code: str
    profiles: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slicing:
    """By which discriminators (kind, path) the values are told apart."""

    is_closed: bool
    discriminators: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Node:
    """An element of a profile. `fixed` and `pattern` are None where there is none.

    `constraints` are `(key, severity, sentence, expression)`, `binding` is (strength, value set).
    """

    name: str
    minimum: int = 0
    maximum: int | None = None
    types: tuple[TypeRow, ...] = ()
    fixed: Any = None
    pattern: Any = None
    binding: tuple[str, str] | None = None
    constraints: tuple[tuple[str, str, str, str], ...] = ()
    slicing: Slicing | None = None
    slice_name: str = ""
    slices: list["Node"] = field(default_factory=list)
    children: dict[str, "Node"] = field(default_factory=dict)

    @property
    def type_codes(self) -> frozenset[str]:
        """The names of the types that the element may have."""
        return frozenset(each.code for each in self.types)


@dataclass(frozen=True, slots=True)
class Profile:
    """A StructureDefinition that constrains a type; `contexts` say where an extension may stand."""

    url: str
    title: str
    type_name: str
    contexts: tuple[str, ...]
    root: Node


def profile_of(row: Mapping[str, Any]) -> Profile:
    """Build a profile from what `api.fhir.profiles.cut` keeps of it, in the order of its ids."""
    nodes: dict[str, Node] = {}
    for element in row["elements"]:
        _place(_node(element), element["id"], nodes)
    root = nodes.get(row["type"]) or Node(row["type"])
    return Profile(row["url"], row["title"], row["type"], tuple(row["contexts"]), root)


def _place(node: Node, element_id: str, nodes: dict[str, Node]) -> None:
    nodes[element_id] = node
    before, _, step = element_id.rpartition(".")
    name, _, slice_name = step.partition(":")
    node.name = name
    if slice_name:
        node.slice_name = slice_name
        sliced = nodes.get(f"{before}.{name}")
        if sliced is not None:
            sliced.slices.append(node)
    elif before in nodes:
        nodes[before].children[name] = node


def _node(element: Mapping[str, Any]) -> Node:
    binding, slicing = element.get("binding"), element.get("slicing")
    return Node(
        name="",
        minimum=element["min"],
        maximum=None if element["max"] == MANY else int(element["max"]),
        types=tuple(
            TypeRow(code, tuple(profiles), tuple(targets))
            for code, profiles, targets in element["types"]
        ),
        fixed=element.get("fixed"),
        pattern=element.get("pattern"),
        binding=(binding[0], binding[1]) if binding else None,
        constraints=tuple(_constraints(element)),
        slicing=Slicing(
            slicing["rules"] == "closed",
            tuple((kind, path) for kind, path in slicing["discriminators"]),
        )
        if slicing
        else None,
    )


def _constraints(element: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    return ((row[0], row[1], row[2], row[3]) for row in element.get("constraints", ()))
