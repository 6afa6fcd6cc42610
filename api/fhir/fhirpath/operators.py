"""The operators of FHIRPath.

https://hl7.org/fhirpath/N1/#operations

The three values of its logic are true, false and empty (None).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from api.fhir.fhirpath.code import Around, Code, Truth, boolean, collection, fixed, held
from api.fhir.fhirpath.values import equal, is_at_most, plain, sameness, single


def _and(left: Code, right: Code) -> Code:
    one, other = left.truth, right.truth

    def truth(this: Any, around: Around) -> bool | None:
        first = one(this, around)
        if first is False:
            return False
        second = other(this, around)
        return second if first or second is False else None

    return boolean(truth)


def _or(left: Code, right: Code) -> Code:
    one, other = left.truth, right.truth

    def truth(this: Any, around: Around) -> bool | None:
        first = one(this, around)
        if first:
            return True
        second = other(this, around)
        return second if second or first is False else None

    return boolean(truth)


def _xor(left: Code, right: Code) -> Code:
    one, other = left.truth, right.truth

    def truth(this: Any, around: Around) -> bool | None:
        first, second = one(this, around), other(this, around)
        return None if first is None or second is None else first is not second

    return boolean(truth)


def _implies(left: Code, right: Code) -> Code:
    one, other = left.truth, right.truth

    def truth(this: Any, around: Around) -> bool | None:
        first = one(this, around)
        if first is False:
            return True
        second = other(this, around)
        return second if first or second else None

    return boolean(truth)


def _equals(left: Code, right: Code) -> Truth:
    one, other = left.run, right.run

    def truth(this: Any, around: Around) -> bool | None:
        first, second = one(this, around), other(this, around)
        if not first or not second:
            return None
        return len(first) == len(second) and all(map(equal, first, second))

    return truth


def _equal(left: Code, right: Code) -> Code:
    return boolean(_equals(left, right))


def _different(left: Code, right: Code) -> Code:
    equals = _equals(left, right)

    def truth(this: Any, around: Around) -> bool | None:
        value = equals(this, around)
        return None if value is None else not value

    return boolean(truth)


def _ordered(left: Code, right: Code, *, or_equal: bool) -> Code:
    one, other = left.run, right.run

    def truth(this: Any, around: Around) -> bool | None:
        first, second = one(this, around), other(this, around)
        if not first or not second:
            return None
        return is_at_most(single(first), single(second), or_equal=or_equal)

    return boolean(truth)


def _in(left: Code, right: Code) -> Code:
    one, others = left.run, held(right)

    def truth(this: Any, around: Around) -> bool | None:
        items = one(this, around)
        return sameness(items[0]) in others(this, around) if len(items) == 1 else None

    return boolean(truth)


def _union(left: Code, right: Code) -> Code:
    one, other = left.run, right.run

    def run(this: Any, around: Around) -> list[Any]:
        found = {sameness(each): each for each in one(this, around) + other(this, around)}
        return list(found.values())

    is_typed = left.types is not None and right.types is not None
    types = (left.types or frozenset()) | (right.types or frozenset()) if is_typed else None
    is_simple = left.keys is not None and right.keys is not None
    keys = (left.keys or frozenset()) | (right.keys or frozenset()) if is_simple else None
    whole = collection(run, types, keys)
    return fixed(whole) if left.is_fixed and right.is_fixed else whole


def _calculated(left: Code, right: Code, calculate: Callable[[Any, Any], Any]) -> Code:
    one, other = left.run, right.run

    def run(this: Any, around: Around) -> list[Any]:
        first, second = single(one(this, around)), single(other(this, around))
        return [] if first is None or second is None else [calculate(first, second)]

    return collection(run, left.types)


def _joined(left: Code, right: Code) -> Code:
    one, other = left.run, right.run

    def run(this: Any, around: Around) -> list[Any]:
        # `&` takes an empty side for an empty text.
        parts = (single(one(this, around)), single(other(this, around)))
        return ["".join(str(plain(each)) for each in parts if each is not None)]

    return collection(run, frozenset(("string",)))


OPERATORS: Final[Mapping[str, Callable[[Code, Code], Code]]] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
    "=": _equal,
    "!=": _different,
    "<": lambda left, right: _ordered(left, right, or_equal=False),
    "<=": lambda left, right: _ordered(left, right, or_equal=True),
    ">": lambda left, right: _ordered(right, left, or_equal=False),
    ">=": lambda left, right: _ordered(right, left, or_equal=True),
    "in": _in,
    "contains": lambda left, right: _in(right, left),
    "|": _union,
    "+": lambda left, right: _calculated(left, right, lambda one, other: one + other),
    "-": lambda left, right: _calculated(left, right, lambda one, other: one - other),
    "&": _joined,
}
