"""The functions of FHIRPath that invariants use.

https://hl7.org/fhirpath/N1/#functions

Each takes the compiler, the code of what it is called on, its arguments and the types of `$this`,
and gives its own code. Criteria see each item as `$this`, other arguments what is outside.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Protocol, TypeAlias

from api.fhir.fhirpath.code import Around, Code, boolean, collection, held
from api.fhir.fhirpath.grammar import Tree
from api.fhir.fhirpath.members import Types, member
from api.fhir.fhirpath.resolving import contained_by_id, referenced
from api.fhir.fhirpath.values import (
    children,
    descendants,
    is_distinct,
    plain,
    sameness,
    single,
)

_STRING: Final = frozenset(("string",))
_INTEGER: Final = frozenset(("integer",))


class Compiling(Protocol):
    """What a function needs of the compiler."""

    def code(self, tree: Tree, types: Types, /) -> Code:
        """Compile a tree whose `$this` has these types."""
        ...


Arguments: TypeAlias = tuple[Tree, ...]
Build: TypeAlias = Callable[[Compiling, Code, Arguments, Types], Code]


def _where(compiler: Compiling, source: Code, arguments: Arguments, _types: Types) -> Code:
    run, criterion = source.run, compiler.code(arguments[0], source.types).truth
    return collection(
        lambda this, around: [each for each in run(this, around) if criterion(each, around)],
        source.types,
    )


def _select(compiler: Compiling, source: Code, arguments: Arguments, _types: Types) -> Code:
    run, projection = source.run, compiler.code(arguments[0], source.types)
    project = projection.run
    return collection(
        lambda this, around: [
            found for each in run(this, around) for found in project(each, around)
        ],
        projection.types,
    )


def _all(compiler: Compiling, source: Code, arguments: Arguments, _types: Types) -> Code:
    run, criterion = source.run, compiler.code(arguments[0], source.types).truth
    return boolean(lambda this, around: all(criterion(each, around) for each in run(this, around)))


def _exists(compiler: Compiling, source: Code, arguments: Arguments, types: Types) -> Code:
    if arguments:
        source = _where(compiler, source, arguments, types)
    return _presence(source, is_wanted=True)


def _empty(_compiler: Compiling, source: Code, _arguments: Arguments, _types: Types) -> Code:
    return _presence(source, is_wanted=False)


def _presence(source: Code, *, is_wanted: bool) -> Code:
    """Ask whether there is anything; of the item's own elements its keys can tell."""
    run, keys = source.run, source.keys
    if keys is None:
        return boolean(lambda this, around: bool(run(this, around)) is is_wanted)
    if len(keys) == 1:
        (key,) = keys
        return boolean(lambda this, _around: (key in this) is is_wanted)
    return boolean(lambda this, _around: keys.isdisjoint(this) is not is_wanted)


def _not(_compiler: Compiling, source: Code, _arguments: Arguments, _types: Types) -> Code:
    def truth(this: Any, around: Around) -> bool | None:
        value = source.truth(this, around)
        return None if value is None else not value

    return boolean(truth)


def _count(_compiler: Compiling, source: Code, _arguments: Arguments, _types: Types) -> Code:
    run = source.run
    return collection(lambda this, around: [len(run(this, around))], _INTEGER)


def _is_distinct(_compiler: Compiling, source: Code, _arguments: Arguments, _types: Types) -> Code:
    run = source.run
    return boolean(lambda this, around: is_distinct(run(this, around)))


def _has_value(_compiler: Compiling, source: Code, _arguments: Arguments, _types: Types) -> Code:
    run = source.run
    return boolean(lambda this, around: _is_value(single(run(this, around))))


def _is_value(value: Any) -> bool:
    return value is not None and type(value) is not dict


def _first(_compiler: Compiling, source: Code, _arguments: Arguments, _types: Types) -> Code:
    run = source.run
    return collection(lambda this, around: run(this, around)[:1], source.types)


def _tail(_compiler: Compiling, source: Code, _arguments: Arguments, _types: Types) -> Code:
    run = source.run
    return collection(lambda this, around: run(this, around)[1:], source.types)


def _below(walk: Callable[[Any], Any]) -> Build:
    def build(_compiler: Compiling, source: Code, _arguments: Arguments, _types: Types) -> Code:
        run = source.run
        return collection(
            lambda this, around: [found for each in run(this, around) for found in walk(each)],
            None,
        )

    return build


def _combine(compiler: Compiling, source: Code, arguments: Arguments, types: Types) -> Code:
    one, other = source.run, compiler.code(arguments[0], types).run
    return collection(lambda this, around: one(this, around) + other(this, around), source.types)


def _intersect(compiler: Compiling, source: Code, arguments: Arguments, types: Types) -> Code:
    one, held_by = source.run, held(compiler.code(arguments[0], types))

    def run(this: Any, around: Around) -> list[Any]:
        others = held_by(this, around)
        return [each for each in one(this, around) if sameness(each) in others]

    return collection(run, source.types)


def _iif(compiler: Compiling, source: Code, arguments: Arguments, _types: Types) -> Code:
    """Choose; the arguments see what the function is called on, one item or none."""
    criterion, *branches = [compiler.code(each, source.types) for each in arguments]
    outer, is_true = source.run, criterion.truth
    chosen, *otherwise = [each.run for each in branches]

    def run(this: Any, around: Around) -> list[Any]:
        items = outer(this, around)
        item = items[0] if items else None
        if is_true(item, around):
            return chosen(item, around)
        return otherwise[0](item, around) if otherwise else []

    return collection(run, branches[0].types)


def _extension(compiler: Compiling, source: Code, arguments: Arguments, types: Types) -> Code:
    run, url = source.run, compiler.code(arguments[0], types).run
    select = member("extension", frozenset(("Element",))).select

    def extensions(this: Any, around: Around) -> list[Any]:
        wanted = single(url(this, around))
        found = [each for item in run(this, around) for each in select(item)]
        return [each for each in found if each.get("url") == wanted]

    return collection(extensions, frozenset(("Extension",)))


def _resolve(_compiler: Compiling, source: Code, _arguments: Arguments, _types: Types) -> Code:
    run = source.run

    def resolved(this: Any, around: Around) -> list[Any]:
        contained = around.once(contained_by_id, lambda: contained_by_id(around.root))
        items = (plain(each) for each in run(this, around))
        found = (referenced(each, around.root, contained) for each in items)
        return [each for each in found if each is not None]

    return collection(resolved, None)


def _same(_compiler: Compiling, source: Code, _arguments: Arguments, _types: Types) -> Code:
    return source


def _of_text(ask: Callable[[str, str], bool]) -> Build:
    """Build a function that asks a text about another; empty where either is."""

    def build(compiler: Compiling, source: Code, arguments: Arguments, types: Types) -> Code:
        run, argument = source.run, compiler.code(arguments[0], types).run

        def truth(this: Any, around: Around) -> bool | None:
            text, other = single(run(this, around)), single(argument(this, around))
            return ask(text, other) if type(text) is str and type(other) is str else None

        return boolean(truth)

    return build


def _changing(change: Callable[..., list[Any]], types: Types) -> Build:
    """Build a function from one value to another."""

    def build(compiler: Compiling, source: Code, arguments: Arguments, outer: Types) -> Code:
        run = source.run
        given = [compiler.code(each, outer).run for each in arguments]

        def changed(this: Any, around: Around) -> list[Any]:
            value = single(run(this, around))
            if value is None:
                return []
            return change(value, *(single(each(this, around)) for each in given))

        return collection(changed, types)

    return build


def _to_integer(value: Any) -> list[Any]:
    if type(value) is str and re.fullmatch(r"[+-]?\d{1,18}", value, re.ASCII):
        return [int(value)]
    return [value] if type(value) is int else []


def _to_string(value: Any) -> list[Any]:
    if type(value) is bool:
        return ["true" if value else "false"]
    if isinstance(value, Decimal):
        return [getattr(value, "text", str(value))]
    return [] if type(value) is dict else [str(value)]


def _substring(text: Any, start: Any, length: Any = None) -> list[Any]:
    if type(text) is not str or not 0 <= start < len(text):
        return []
    return [text[start:] if length is None else text[start : start + length]]


FUNCTIONS: Final[Mapping[str, Build]] = {
    "all": _all,
    "children": _below(children),
    "combine": _combine,
    "contains": _of_text(lambda text, part: part in text),
    "count": _count,
    "descendants": _below(descendants),
    "empty": _empty,
    "exists": _exists,
    "extension": _extension,
    "first": _first,
    "hasValue": _has_value,
    "iif": _iif,
    "intersect": _intersect,
    "isDistinct": _is_distinct,
    "length": _changing(lambda text: [len(text)], _INTEGER),
    # R4 writes patterns for the whole of a text; where it anchors them that changes nothing.
    "matches": _of_text(lambda text, pattern: re.fullmatch(pattern, text) is not None),
    "not": _not,
    "replaceMatches": _changing(lambda text, old, new: [re.sub(old, new, text)], _STRING),
    "resolve": _resolve,
    "select": _select,
    "startsWith": _of_text(str.startswith),
    "substring": _changing(_substring, _STRING),
    "tail": _tail,
    "toInteger": _changing(_to_integer, _INTEGER),
    "toString": _changing(_to_string, _STRING),
    "trace": _same,
    "where": _where,
}
