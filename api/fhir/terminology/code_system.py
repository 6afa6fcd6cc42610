"""A code system and its hierarchy.

https://hl7.org/fhir/R4/codesystem.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from api.fhir.lexical import Resource

Subsumption = Literal["equivalent", "subsumes", "subsumed-by", "not-subsumed"]

# By which properties a code system names a parent beside nesting, and what says that a code is
# not for use: https://hl7.org/fhir/R4/codesystem-concept-properties.html
_PARENTS: Final = frozenset({"parent", "subsumedBy"})
_INACTIVE_STATUS: Final = frozenset({"retired", "inactive"})
_WHOLE: Final = frozenset({"complete", None})


@dataclass(slots=True)
class Concept:
    """One concept; `parents` are the codes directly above it."""

    code: str
    display: str | None
    definition: str | None
    parents: list[str] = field(default_factory=list)
    designations: list[Resource] = field(default_factory=list)
    properties: list[Resource] = field(default_factory=list)

    def values(self, name: str) -> list[Any]:
        """Give the values of a property."""
        return [
            value
            for each in self.properties
            if each.get("code") == name
            for key, value in each.items()
            if key.startswith("value")
        ]

    @property
    def is_abstract(self) -> bool:
        """Whether the concept only groups others and is not for use in records."""
        return any(value is True for n in ("notSelectable", "abstract") for value in self.values(n))

    @property
    def is_inactive(self) -> bool:
        """Whether the concept is no longer for use."""
        retired = any(str(value) in _INACTIVE_STATUS for value in self.values("status"))
        return retired or True in self.values("inactive")


@dataclass(slots=True)
class CodeSystem:
    """The concepts of a code system by code, in the order of the definition."""

    url: str
    version: str | None
    name: str
    is_whole: bool
    is_case_sensitive: bool
    concepts: Mapping[str, Concept]
    _children: dict[str, list[str]] = field(default_factory=dict)
    _folded: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, resource: Resource) -> "CodeSystem":
        """Read a CodeSystem resource."""
        concepts: dict[str, Concept] = {}
        for concept in _concepts(resource.get("concept", ()), None):
            known = concepts.setdefault(concept.code, concept)
            if known is not concept:
                # A concept with two parents stands below each of them.
                known.parents += [each for each in concept.parents if each not in known.parents]
        _add_children(concepts)
        system = cls(
            url=str(resource.get("url", "")),
            version=resource.get("version"),
            name=str(resource.get("name") or resource.get("title") or resource.get("url", "")),
            is_whole=resource.get("content") in _WHOLE,
            is_case_sensitive=resource.get("caseSensitive") is not False,
            concepts=concepts,
        )
        for concept in concepts.values():
            for parent in concept.parents:
                system._children.setdefault(parent, []).append(concept.code)
        if not system.is_case_sensitive:
            system._folded = {code.casefold(): code for code in concepts}
        return system

    def find(self, code: str) -> Concept | None:
        """Give the concept of a code, in any case where the system does not tell cases apart."""
        return self.concepts.get(code) or self.concepts.get(self._folded.get(code.casefold(), ""))

    def children(self, code: str) -> list[str]:
        """Give the codes directly below."""
        return self._children.get(code, [])

    def descendants(self, code: str) -> list[str]:
        """Give every code below, each once, without the code itself."""
        return [each for each in _reached(code, self.children) if each != code]

    def ancestors(self, code: str) -> list[str]:
        """Give every code above, each once, without the code itself."""

        def parents(each: str) -> list[str]:
            return self.concepts[each].parents if each in self.concepts else []

        return [each for each in _reached(code, parents) if each != code]

    def subsumption(self, one: str, other: str) -> Subsumption:
        """Tell how the first code stands to the second."""
        if one == other:
            return "equivalent"
        if one in self.ancestors(other):
            return "subsumes"
        return "subsumed-by" if other in self.ancestors(one) else "not-subsumed"


def _reached(code: str, neighbours: Any) -> list[str]:
    found: dict[str, None] = {}
    waiting = [code]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found[each] = None
            waiting.extend(reversed(neighbours(each)))
    return list(found)


def _concepts(raw: Iterable[Resource], parent: str | None) -> Iterator[Concept]:
    for each in raw:
        concept = Concept(
            code=str(each.get("code", "")),
            display=each.get("display"),
            definition=each.get("definition"),
            parents=[parent] if parent is not None else [],
            designations=each.get("designation", []),
            properties=each.get("property", []),
        )
        named = (str(value) for name in _PARENTS for value in concept.values(name))
        concept.parents += [code for code in named if code not in concept.parents]
        yield concept
        yield from _concepts(each.get("concept", ()), concept.code)


def _add_children(concepts: Mapping[str, Concept]) -> None:
    """Read the property `child`, which names from above what `parent` names from below."""
    for concept in concepts.values():
        for code in concept.values("child"):
            below = concepts.get(str(code))
            if below is not None and concept.code not in below.parents:
                below.parents.append(concept.code)
