"""One parameter of a search as a criterion: plain, chained, `_has`, `_list`, `_filter` or words.

https://hl7.org/fhir/R4/search.html#chaining and https://hl7.org/fhir/R4/search.html#has

A chain follows a reference of the resource, `_has` one that points at it; each step is a Link, and
the rest of the name is read for the type on its other side.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from api.fhir.registry import registry
from api.fhir.search_condition import (
    RESOURCE,
    Condition,
    Criterion,
    Group,
    Link,
    Setting,
    conjunction,
    invalid,
    split_values,
    unescape,
)
from api.fhir.search_filter import read_filter
from api.fhir.search_links import joined, linked, parameter_of, reference_of
from api.fhir.search_parameter import NotUnderstoodError, nearest, not_supported, shown
from api.fhir.search_values import condition_of
from api.fhir.search_words import read_words

MAX_LINKS: Final = 10
"""How many references one parameter may follow; each is a join of its own."""

_HAS_PARTS: Final = 3

Types: TypeAlias = Sequence[str]


class _Asked(NamedTuple):
    """A value, what it is read against, and how many references were followed before it."""

    value: str
    setting: Setting
    links: int = 0

    def further(self, name: str) -> "_Asked":
        """Follow one more reference."""
        if self.links >= MAX_LINKS:
            sentence = (
                f"One parameter follows at most {MAX_LINKS} references. Search in two steps:"
                " the ids that the first finds are values of the second."
            )
            raise invalid(name[:64], sentence)
        return self._replace(links=self.links + 1)


def criterion_of(types: Types, name: str, value: str, setting: Setting) -> Criterion:
    """Read one parameter of a search on any of these types.

    Raises NotUnderstoodError for a name, and Failure INVALID for a value.
    """
    return _criterion(types, name, _Asked(value, setting))


def _criterion(types: Types, name: str, asked: _Asked) -> Criterion:
    if name.partition(":")[0] == "_has":
        return _has(types, name, asked)
    head, dot, rest = name.partition(".")
    if dot:
        further = asked.further(name)
        found = [
            linked(
                reference_of(each, head, name),
                name,
                lambda target: _criterion((target,), rest, further),
            )
            for each in types
        ]
        return found[0] if len(found) == 1 else Group(tuple(found))
    if name in _OWN_READERS:
        return _OWN_READERS[name](types, asked)
    values = split_values(asked.value, ",")
    conditions = [condition_of(parameter_of(each, name), values, asked.setting) for each in types]
    return joined(conditions)


def _has(types: Types, name: str, asked: _Asked) -> Criterion:
    further = asked.further(name)
    _, *parts = name.split(":", _HAS_PARTS)
    if len(parts) != _HAS_PARTS or not all(parts):
        sentence = (
            "_has takes a type, its reference to this one and a parameter, such as"
            " _has:Observation:patient:code=1234-5."
        )
        raise NotUnderstoodError(not_supported(name, sentence))
    other, code, rest = parts
    if registry().get(other) is None:
        close = registry().nearest(other)
        hint = f" Did you mean {close}?" if close else ""
        sentence = f"_has: {shown(other)} is not a resource type of this server.{hint}"
        raise NotUnderstoodError(not_supported(name, sentence))
    _check_pointer(other, code, types, name)
    inner = _criterion((other,), rest, further)
    return Link((f"{other}.{code}",), _only(types), (inner,), is_reverse=True)


def _check_pointer(other: str, code: str, types: Types, name: str) -> None:
    """Refuse what is no reference parameter by which `other` may refer to one of the types."""
    pointers = [
        each.code
        for each in registry().types[other].search_parameters.values()
        if each.type == "reference" and (not each.targets or set(each.targets) & set(types))
    ]
    if code not in pointers:
        close = nearest(code, pointers)
        hint = (
            f" Did you mean '{close}'?" if close else f" It has: {', '.join(pointers) or 'none'}."
        )
        this = _only(types) or "these types"
        sentence = f"_has: {other} does not refer to {this} by {shown(code)}.{hint}"
        raise NotUnderstoodError(not_supported(name, sentence))


def _only(types: Types) -> str:
    return types[0] if len(types) == 1 else ""


def _list(types: Types, asked: _Asked) -> Criterion:
    ids = [unescape(each).removeprefix("List/") for each in split_values(asked.value, ",")]
    functional = [each for each in ids if each.startswith("$")]
    if functional:
        sentence = (
            f"_list takes the id of a List; functional lists such as {shown(functional[0])} are not"
            " kept here. Ask for the resources themselves, as in Condition?clinical-status=active."
        )
        raise NotUnderstoodError(not_supported("_list", sentence))
    alternatives = tuple(conjunction(("resource_id", "=", each)) for each in ids)
    lists = Condition(RESOURCE, "List._id", alternatives, rank=0)
    return Link(("List.item",), _only(types), (lists,), is_reverse=True)


def _filter(types: Types, asked: _Asked) -> Criterion:
    return joined([read_filter(each, asked.value, asked.setting) for each in types])


_OWN_READERS: Final[Mapping[str, Callable[[Types, _Asked], Criterion]]] = {
    "_list": _list,
    "_filter": _filter,
    "_text": lambda _types, asked: read_words("_text", asked.value),
    "_content": lambda _types, asked: read_words("_content", asked.value),
}
