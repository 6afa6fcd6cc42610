"""Which JSON keys a name stands for, looked up in the definitions while compiling.

`value` of an Observation is `valueQuantity`, `valueString` and so on; below what has no known type
(`descendants()`) a name stands for every key that may spell it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from api.fhir import definitions
from api.fhir.definitions import Element
from api.fhir.fhirpath.values import Beside, primitives

Types: TypeAlias = frozenset[str] | None
"""The types that an item may have; None when only its JSON can tell."""

Selection: TypeAlias = Callable[[Any], list[Any]]

ANY_RESOURCE = frozenset(("Resource", "DomainResource"))


@dataclass(frozen=True, slots=True)
class Member:
    """What a name selects from an item: the keys that may stand in JSON, and how they are read."""

    keys: frozenset[str]
    types: Types
    select: Selection

    @property
    def is_known(self) -> bool:
        """Whether the definitions know such an element."""
        return self.types is None or bool(self.types)


def member(name: str, types: Types, only: str | None = None) -> Member:
    """Find what a name means on items of these types; `only` keeps one type of a choice.

    A name that no type knows selects nothing.
    """
    if types is None or types & ANY_RESOURCE:
        return Member(frozenset(), None, _spelled(name))
    # Of a primitive only what stands beside it can be named.
    named = {each if each[0].isupper() else "Element" for each in types}
    found = [
        each
        for type_name in sorted(named)
        if definitions.is_known(type_name)
        for each in definitions.elements(type_name).values()
        if name in (each.json_key, each.choice_of) and only in (None, each.type)
    ]
    return Member(_keys(found), frozenset(each.type for each in found), _selection(found))


def _keys(found: Iterable[Element]) -> frozenset[str]:
    keys = {each.json_key for each in found}
    return frozenset(keys | {f"_{each.json_key}" for each in found if each.is_primitive})


def _selection(found: list[Element]) -> Selection:
    if not found:
        return lambda _item: []
    keys = {each.json_key: each.is_primitive for each in found}
    if len(keys) > 1:
        return _choice(frozenset(keys))
    ((key, is_primitive),) = keys.items()
    return _primitive(key) if is_primitive else _objects(key)


def _objects(key: str) -> Selection:
    def select(item: Any) -> list[Any]:
        element = item.element if type(item) is Beside else item
        value = element.get(key) if type(element) is dict else None
        if value is None:
            return []
        return value if type(value) is list else [value]

    return select


def _primitive(key: str) -> Selection:
    sibling = f"_{key}"

    def select(item: Any) -> list[Any]:
        element = item.element if type(item) is Beside else item
        if type(element) is not dict:
            return []
        value, beside = element.get(key), element.get(sibling)
        if value is None and beside is None:
            return []
        return primitives(value, beside)

    return select


def _choice(keys: frozenset[str]) -> Selection:
    def select(item: Any) -> list[Any]:
        element = item.element if type(item) is Beside else item
        if type(element) is not dict:
            return []
        names = {key.removeprefix("_") for key in element} & keys
        return [each for name in sorted(names) for each in _read(element, name)]

    return select


def _spelled(name: str) -> Selection:
    def is_spelling(key: str) -> bool:
        return key == name or (key.startswith(name) and key[len(name)].isupper())

    def select(item: Any) -> list[Any]:
        element = item.element if type(item) is Beside else item
        if type(element) is not dict:
            return []
        names = {key.removeprefix("_") for key in element}
        return [each for key in sorted(names) if is_spelling(key) for each in _read(element, key)]

    return select


def _read(element: dict[str, Any], key: str) -> list[Any]:
    value = element.get(key)
    if type(value) is dict:
        return [value]
    return primitives(value, element.get(f"_{key}"))
