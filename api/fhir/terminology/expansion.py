"""Which codes a value set holds.

https://hl7.org/fhir/R4/valueset.html#compositions

Every condition within an `include` must hold, what the includes give is joined, and what the
excludes give is taken away. Order is that of the definition.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from api.fhir.lexical import Resource
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.terminology.code_system import CodeSystem, Concept

MAX_CODES: Final = 20_000
# Value sets that are made of value sets: deeper than any that makes sense.
MAX_DEPTH: Final = 16


class Library(Protocol):
    """Where code systems and value sets are found by canonical URL; None for one not held."""

    def code_system(self, url: str, version: str | None) -> CodeSystem | None:
        """Give a code system; of no version in particular when none is named."""
        ...

    def value_set(self, url: str, version: str | None) -> Resource | None:
        """Give a ValueSet resource; of no version in particular when none is named."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """A code in a value set."""

    system: str
    version: str | None
    code: str
    display: str | None
    is_abstract: bool = False
    is_inactive: bool = False
    designations: tuple[Resource, ...] = field(default=(), compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the code that it is."""
        return self.system, self.code


def expand(value_set: Resource, library: Library) -> list[Member]:
    """Give the codes that a value set holds, each once.

    Raises Failure UNPROCESSABLE when it draws from what this server does not hold or cannot
    select, or when there are more than `MAX_CODES`.
    """
    return list(_Composition(library).members(value_set, 0).values())


def split_canonical(canonical: str) -> tuple[str, str | None]:
    """Take `url|version` apart."""
    url, _, version = canonical.partition("|")
    return url, version or None


Members = dict[tuple[str, str], Member]


class _Composition:
    """One expansion; it notes which value sets it is within, so that none contains itself."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.within: list[str] = []

    def members(self, value_set: Resource, depth: int) -> Members:
        url = str(value_set.get("url", ""))
        if depth > MAX_DEPTH or (url and url in self.within):
            raise _cannot(f"The value set {url[:200]} contains itself.", "processing")
        compose = value_set.get("compose")
        if not isinstance(compose, dict):
            return _of_expansion(value_set)
        self.within.append(url)
        found: Members = {}
        for part in compose.get("include", ()):
            found |= {
                key: each for key, each in self._part(part, depth).items() if key not in found
            }
            if len(found) > MAX_CODES:
                raise _cannot(f"The value set holds more than {MAX_CODES} codes.", "too-costly")
        for part in compose.get("exclude", ()):
            for key in self._part(part, depth):
                found.pop(key, None)
        self.within.pop()
        return found

    def _part(self, part: Resource, depth: int) -> Members:
        found: Members | None = None
        if part.get("system") is not None:
            found = {each.key: each for each in self._of_system(part)}
        for canonical in part.get("valueSet", ()):
            url, version = split_canonical(str(canonical))
            value_set = self.library.value_set(url, version)
            if value_set is None:
                raise _cannot(f"It draws from the value set {url[:200]}, which is not held here.")
            imported = self.members(value_set, depth + 1)
            if found is None:
                found = imported
            else:
                found = {key: each for key, each in found.items() if key in imported}
        return found or {}

    def _of_system(self, part: Resource) -> Iterator[Member]:
        url, version = str(part["system"]), part.get("version")
        system = self.library.code_system(url, version)
        if "concept" in part:
            if not part["concept"]:
                raise _cannot(f"It lists codes of {url[:200]}, which may not be handed on here.")
            yield from (_listed(url, version, each, system) for each in part["concept"])
            return
        if system is None or not system.is_whole:
            raise _cannot(f"It draws from the code system {url[:200]}, which is not held here.")
        wanted: Iterable[Concept] = system.concepts.values()
        for each in part.get("filter", ()):
            keep = _filter(system, each)
            wanted = [concept for concept in wanted if keep(concept)]
        yield from (_member(system, concept) for concept in wanted)


def _of_expansion(value_set: Resource) -> Members:
    """Give the codes of a value set that comes as an expansion only."""
    found: Members = {}
    waiting = list(reversed(value_set.get("expansion", {}).get("contains", [])))
    while waiting:
        each = waiting.pop()
        waiting.extend(reversed(each.get("contains", [])))
        if "code" in each and not each.get("abstract"):
            system, version = str(each.get("system", "")), each.get("version")
            member = Member(system, version, each["code"], each.get("display"))
            found.setdefault(member.key, member)
    return found


def _listed(url: str, version: str | None, concept: Resource, system: CodeSystem | None) -> Member:
    code = str(concept.get("code", ""))
    known = system.find(code) if system is not None else None
    display = concept.get("display") or (known.display if known else None)
    own = concept.get("designation", [])
    return Member(
        system=url,
        version=version or (system.version if system else None),
        code=code,
        display=display,
        is_abstract=known.is_abstract if known else False,
        is_inactive=known.is_inactive if known else False,
        designations=(*own, *(known.designations if known else ())),
    )


def _member(system: CodeSystem, concept: Concept) -> Member:
    return Member(
        system=system.url,
        version=system.version,
        code=concept.code,
        display=concept.display,
        is_abstract=concept.is_abstract,
        is_inactive=concept.is_inactive,
        designations=tuple(concept.designations),
    )


def _filter(system: CodeSystem, row: Resource) -> Callable[[Concept], bool]:
    """Give the criterion of a filter: https://hl7.org/fhir/R4/valueset-filter-operator.html."""
    name, operator, value = row.get("property"), row.get("op"), str(row.get("value", ""))
    hierarchical = _HIERARCHICAL.get(str(operator))
    if hierarchical is not None and name in {"concept", "code"}:
        codes = hierarchical(system, value)
        return lambda concept: (concept.code in codes) == (operator != "is-not-a")
    if operator in {"=", "in", "not-in"}:
        values = {value} if operator == "=" else set(re.split(r"\s*,\s*", value))
        return lambda concept: bool(_texts(concept, str(name)) & values) == (operator != "not-in")
    if operator == "exists":
        return lambda concept: bool(_texts(concept, str(name))) == (value == "true")
    raise _cannot(f"It selects by {str(name)[:64]} {str(operator)[:64]}, which is not supported.")


_HIERARCHICAL: Final[dict[str, Callable[[CodeSystem, str], set[str]]]] = {
    "is-a": lambda system, code: {code, *system.descendants(code)},
    "is-not-a": lambda system, code: {code, *system.descendants(code)},
    "descendent-of": lambda system, code: set(system.descendants(code)),
    "generalizes": lambda system, code: {code, *system.ancestors(code)},
}


def _texts(concept: Concept, name: str) -> set[str]:
    """Give what a filter compares: a property, or `code`, `concept` and `display` themselves."""
    own: dict[str, Any] = {
        "code": concept.code,
        "concept": concept.code,
        "display": concept.display,
    }
    if name in own:
        return {str(own[name])}
    if name == "parent":
        return set(concept.parents)
    return {
        ("true" if value else "false") if isinstance(value, bool) else str(value)
        for value in concept.values(name)
    }


def _cannot(sentence: str, code: str = "not-supported") -> Failure:
    return Failure(FailureKind.UNPROCESSABLE, Issue(code, sentence, ("ValueSet.compose",)))
