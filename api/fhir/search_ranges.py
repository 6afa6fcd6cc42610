"""Search values of what has an extent: dates, numbers and quantities, with their prefixes.

https://hl7.org/fhir/R4/search.html#prefix

Index rows hold the target's range, the request names another. `eq` asks that the request's range
contains the target's and `ne` that it does not; `gt`, `lt`, `ge`, `le` ask that the range above or
below overlaps the target's (for `ge` and `le` containment does too); `sa` and `eb` that the target
lies wholly after or before; `ap` that it overlaps with the range widened by a tenth. Dates are half
open, numbers closed.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from api.fhir.dates import parse_search_date
from api.fhir.index_keys import EXACT, end_of_prefix, equality_key, high_key, low_key
from api.fhir.search_condition import (
    Alternative,
    Setting,
    conjunction,
    invalid,
)

Alternatives: TypeAlias = list[Alternative]

# An index holds numbers below 1E10000 and calls larger ones equal; no record can hold a larger.
_MAX_NUMBER_EXPONENT: Final = 307

_PREFIXES: Final = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_NUMBER: Final = re.compile(
    r"-?\d{1,40}(?:\.(?P<fraction>\d{1,40}))?(?:[eE](?P<exponent>[+-]?\d{1,3}))?", re.ASCII
)
_QUANTITY_PARTS: Final = (1, 3)

_ON_DATES: Final[Mapping[str, Callable[[int, int, int], Alternatives]]] = {
    "eq": lambda low, high, _: [
        conjunction(("low", ">=", low), ("low", "<", high), ("high", "<=", high))
    ],
    "ne": lambda low, high, _: [conjunction(("low", "<", low)), conjunction(("high", ">", high))],
    "gt": lambda _low, high, _: [conjunction(("high", ">", high))],
    "lt": lambda low, _high, _: [conjunction(("low", "<", low))],
    "ge": lambda low, high, _: [conjunction(("low", ">=", low)), conjunction(("high", ">", high))],
    "le": lambda low, high, _: [conjunction(("low", "<", low)), conjunction(("high", "<=", high))],
    "sa": lambda _low, high, _: [conjunction(("low", ">=", high))],
    "eb": lambda low, _high, _: [conjunction(("high", "<=", low))],
    "ap": lambda low, high, gap: [
        conjunction(("low", "<", high + gap // 10), ("high", ">", low - gap // 10))
    ],
}
"""Prefix → what it asks, given the request's `[low, high)` and its distance from now."""

# The implied precision of a number counts for eq and ne alone; the others take it as exact.
_ON_NUMBERS: Final[Mapping[str, Callable[[Decimal, Decimal], Alternatives]]] = {
    "eq": lambda number, half: [
        conjunction(
            ("low", ">=", _minus(number, half)),
            ("low", "<", _plus(number, half)),
            ("high", "<", _plus(number, half)),
        )
    ],
    "ne": lambda number, half: [
        conjunction(("low", "<", _minus(number, half))),
        conjunction(("high", ">=", _plus(number, half))),
    ],
    "gt": lambda number, _: [conjunction(("high", ">", low_key(number)))],
    "lt": lambda number, _: [conjunction(("low", "<", low_key(number)))],
    "ge": lambda number, _: [conjunction(("high", ">=", low_key(number)))],
    "le": lambda number, _: [conjunction(("low", "<=", low_key(number)))],
    "sa": lambda number, _: [conjunction(("low", ">", low_key(number)))],
    "eb": lambda number, _: [conjunction(("high", "<", low_key(number)))],
    "ap": lambda number, _: [
        conjunction(
            ("low", "<=", _plus(number, _tenth(number))),
            ("high", ">=", _minus(number, _tenth(number))),
        )
    ],
}
"""Prefix → what it asks, given the request's number and half of what its last digit stands for."""


def starts_with(column: str, prefix: str) -> Alternative:
    """Ask for text that begins with a prefix, as a range."""
    end = end_of_prefix(prefix)
    limit = conjunction((column, "<", end)) if end is not None else ()
    return (*conjunction((column, ">=", prefix)), *limit)


def read_date(name: str, value: str, setting: Setting) -> Alternatives:
    """Read a date with its prefix; the Failure names the parameter."""
    prefix, text = _prefixed(value)
    low, high = (asked := parse_search_date(text, setting.time_zone, name)).low, asked.high
    is_now = low <= setting.now < high
    gap = 0 if is_now else min(abs(setting.now - low), abs(setting.now - high))
    return _ON_DATES[prefix](low, high, gap)


def read_number(name: str, value: str) -> Alternatives:
    """Read a number with its prefix; the Failure names the parameter."""
    prefix, text = _prefixed(value)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise invalid(name, f"The value of {name} is not a number, such as 5, 5.40 or lt5.4e-3.")
    if Decimal(text).adjusted() > _MAX_NUMBER_EXPONENT:
        raise invalid(name, f"The value of {name} is larger than any number that a record holds.")
    return _ON_NUMBERS[prefix](Decimal(text), _half_of_last_digit(match))


def read_quantity(name: str, parts: list[str]) -> Alternatives:
    """Read number, system and code; without a system the code may be the unit's text as well."""
    if len(parts) not in _QUANTITY_PARTS:
        raise invalid(name, f"{name} takes number or number|system|code.")
    system, code = (equality_key(each) for each in [*parts, "", ""][1:3])
    units: Alternatives = [()]
    if code and not system:
        units = [conjunction((column, "=", code)) for column in ("code", "unit")]
    elif system:
        wanted = {"system": system, "code": code}
        units = [conjunction(*((column, "=", key) for column, key in wanted.items() if key))]
    return [(*number, *unit) for number in read_number(name, parts[0]) for unit in units]


def _prefixed(value: str) -> tuple[str, str]:
    prefix = value[:2]
    return (prefix, value[2:]) if prefix in _PREFIXES else ("eq", value)


def _half_of_last_digit(match: re.Match[str]) -> Decimal:
    """Give half of what the last digit stands for: 0.5 for `100`, 0.005 for `100.00`.

    R4's own example reads `1e2` as [95, 105): whole digits with an exponent count one digit finer.
    """
    exponent = int(match["exponent"] or 0) - len(match["fraction"] or "")
    is_finer = match["exponent"] is not None and match["fraction"] is None
    return Decimal((0, (5,), exponent - (2 if is_finer else 1)))


def _plus(number: Decimal, margin: Decimal) -> str:
    return high_key(EXACT.add(number, margin))


def _minus(number: Decimal, margin: Decimal) -> str:
    return low_key(EXACT.subtract(number, margin))


def _tenth(number: Decimal) -> Decimal:
    return EXACT.multiply(abs(number), Decimal("0.1"))
