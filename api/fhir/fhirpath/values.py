"""What the JSON of an element is to FHIRPath: items of a collection, compared and told apart.

https://hl7.org/fhirpath/N1/#collections and https://hl7.org/fhirpath/N1/#equality

An item is a JSON value: an object, a string, a number or a boolean. A primitive that has an id or
extensions of its own comes as `Beside`.
"""

from collections.abc import Hashable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from api.fhir.dates import parse_interval

_UTC: Final = ZoneInfo("UTC")
# How far a day that names no zone may lie from the same day in UTC.
_WIDEST_ZONE: Final = 14 * 3_600_000_000


class Beside(NamedTuple):
    """A primitive with what stands beside it in JSON; the value is None where there is none."""

    value: Any
    element: dict[str, Any]


def plain(item: Any) -> Any:
    """Give the JSON value of an item; None for a primitive that has only extensions."""
    return item.value if type(item) is Beside else item


def single(items: Sequence[Any]) -> Any:
    """Give the value of a collection of one; None for an empty one, and for one too long."""
    return plain(items[0]) if len(items) == 1 else None


def beside(value: Any, element: Any) -> Any:
    """Give the item of a primitive and of what stands beside it, which may be null."""
    return value if element is None else Beside(value, element)


def primitives(value: Any, element: Any) -> list[Any]:
    """Give the items of a primitive element: of `birthDate` and `_birthDate`, or two arrays."""
    if element is None:
        return value if type(value) is list else [value]
    if type(value) is list or type(element) is list:
        values, elements = value or [None] * len(element), element
        return [beside(*each) for each in zip(values, elements, strict=False)]
    return [beside(value, element)]


def children(item: Any) -> Iterator[Any]:
    """Give the elements right below an item; extensions of a primitive come as elements of it.

    A primitive that has both a value and extensions is given twice, once as each.
    """
    element = item.element if type(item) is Beside else item
    if type(element) is dict:
        for key, value in element.items():
            if key != "resourceType":
                yield from (each for each in _listed(value) if each is not None)


def descendants(item: Any) -> Iterator[Any]:
    """Give every element below an item, in document order."""
    for each in children(item):
        yield each
        yield from descendants(each)


def _listed(value: Any) -> list[Any]:
    return value if type(value) is list else [value]


def equal(one: Any, other: Any) -> bool:
    """Compare two items; true is not 1, and a primitive without a value equals none."""
    if type(one) is str and type(other) is str:
        return one == other
    return sameness(one) == sameness(other)


def sameness(item: Any) -> Hashable:
    """Give a key that two items share exactly when they are equal.

    Collections are compared by it, since what a client sends may be long.
    """
    value = plain(item)
    if type(value) is dict:
        return frozenset((key, sameness(each)) for key, each in value.items())
    if type(value) is list:
        return tuple(map(sameness, value))
    if value is None:
        return object()
    return type(value) is bool, value


def is_distinct(items: Sequence[Any]) -> bool:
    """Tell whether no two items are equal."""
    return len(set(map(sameness, items))) == len(items)


def is_at_most(low: Any, high: Any, *, or_equal: bool) -> bool:
    """Tell whether one value comes before another, or may do so.

    True where it cannot be told: dates of different precision that overlap, quantities of
    different units, and what has no value. FHIRPath has no answer there (an empty collection), and
    an invariant is only broken by what is known.
    """
    if type(low) is dict and type(high) is dict:
        return _is_less_quantity(low, high, or_equal=or_equal)
    if isinstance(low, str) and isinstance(high, str):
        return _is_before(low, high, or_equal=or_equal)
    if _is_number(low) and _is_number(high):
        return bool(low <= high if or_equal else low < high)
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and type(value) is not bool


def _is_less_quantity(low: dict[str, Any], high: dict[str, Any], *, or_equal: bool) -> bool:
    unit = ("system", "code") if "code" in low else ("unit", "code")
    if any(low.get(key) != high.get(key) for key in unit):
        return True
    return is_at_most(low.get("value"), high.get("value"), or_equal=or_equal)


def _is_before(low: str, high: str, *, or_equal: bool) -> bool:
    if "T" not in low and "T" not in high:
        # Dates of the same precision, or the longer as exact as the shorter.
        length = min(len(low), len(high))
        is_as_exact = len(low) == len(high)
        return low[:length] < high[:length] or (
            low[:length] == high[:length] and (or_equal or not is_as_exact)
        )
    try:
        first, second = _moments(low), _moments(high)
    except ValueError:
        return True
    if "T" in low and "T" in high:
        # Seconds and their fraction are one precision.
        return first[0] <= second[0] if or_equal else first[0] < second[0]
    return first[0] < second[1]


def _moments(text: str) -> tuple[int, int]:
    """Give the first microsecond that a text may mean, and the first after it."""
    found = parse_interval(text, _UTC)
    slack = 0 if "T" in text else _WIDEST_ZONE
    return found.low - slack, found.high + slack
