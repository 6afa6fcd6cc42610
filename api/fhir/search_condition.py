"""What a search asks of the rows of an index table.

A condition is a table, a parameter and alternatives; an alternative is a conjunction of comparisons
of a column with a value. A resource matches when one of its rows satisfies one alternative (or,
negated, when none does), so a database and a dozen lines of Python can both answer it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from api.fhir.outcome import Failure, FailureKind, Issue

RESOURCE: Final = "resource"
"""The table of `_id` and `_lastUpdated`, which every resource has exactly one of."""

UNRANKED: Final = 9


class Comparison(NamedTuple):
    """A column compared with a value by `=`, `<`, `<=`, `>`, `>=` or `like`."""

    column: str
    operator: str
    value: str | int


Alternative: TypeAlias = tuple[Comparison, ...]
"""Comparisons that must all hold; of none, every row satisfies it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What the index rows of a parameter must say; see the module.

    `rank` guesses how few rows satisfy it, fewest first.
    """

    table: str
    parameter: str
    alternatives: tuple[Alternative, ...]
    is_negated: bool = False
    rank: int = UNRANKED


@dataclass(frozen=True, slots=True)
class Setting:
    """What values are read against: the server's zone and base URL, and the present instant."""

    time_zone: ZoneInfo
    base_url: str
    now: int


def conjunction(*comparisons: tuple[str, str, str | int]) -> Alternative:
    """Build an alternative from (column, operator, value) triples."""
    return tuple(Comparison(*each) for each in comparisons)


def split_values(text: str, separator: str) -> Sequence[str]:
    r"""Split at every separator that has no `\` before it; escapes stay as they are."""
    parts = [""]
    is_escaped = False
    for character in text:
        if character == separator and not is_escaped:
            parts.append("")
        else:
            parts[-1] += character
        is_escaped = character == "\\" and not is_escaped
    return parts


def invalid(name: str, sentence: str) -> Failure:
    """Refuse a value; the sentence never repeats it."""
    return Failure(FailureKind.INVALID, Issue("value", sentence, (f"http.{name}",)))
