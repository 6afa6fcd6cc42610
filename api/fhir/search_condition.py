"""What a search asks of a resource: a tree of criteria.

A condition is a table, a parameter and alternatives; an alternative is a conjunction of comparisons
of a column with a value. A resource matches when one of its rows satisfies one alternative (or,
negated, when none does). A link asks the same of resources on the other side of a reference, and a
group joins criteria. So a database and a few dozen lines of Python can both answer a search.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from api.fhir.outcome import Failure, FailureKind, Issue

RESOURCE: Final = "resource"
"""The table of `_id` and `_lastUpdated`, which every resource has exactly one of."""

UNRANKED: Final = 9


ANY: Final = "any"
"""The operator of a column that equals one of a list."""

WORDS: Final = "words"
"""The operator of indexed text that holds words; see `TextTree`."""

TextTree: TypeAlias = "str | tuple[str, TextTree, TextTree]"
"""`word`, `word*`, the phrase `one after another`, or ("and" or "or", tree, tree)."""

WITHIN: Final = "within"
"""The operator of a place (x, y, z in metres) no further from another than the root of a square."""

DESCENDS: Final = "descends"
ASCENDS: Final = "ascends"
"""The operators of a reference to what lies below, or above, `(id, hierarchical parameter)`."""

Value: TypeAlias = "str | int | float | tuple[str, ...] | tuple[float, ...] | TextTree"


class Comparison(NamedTuple):
    """A column compared by `=`, `<>`, `<`, `<=`, `>`, `>=`, `like`, or an operator named above."""

    column: str
    operator: str
    value: Value


Alternative: TypeAlias = tuple[Comparison, ...]
"""Comparisons that must all hold; of none, every row satisfies it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What the index rows of a parameter must say; see the module.

    `rank` guesses how few rows satisfy it, fewest first. With `parameters` the rows of any of them
    count, and `parameter` is not looked at.
    """

    table: str
    parameter: str
    alternatives: tuple[Alternative, ...]
    is_negated: bool = False
    rank: int = UNRANKED
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """What a resource on the other side of a reference must be.

    Forward: this resource refers by one of `parameters` to a current resource (of `target_type`,
    unless that is empty) that meets every criterion. With `is_reverse` a current resource that
    meets every criterion refers so to this one.
    """

    parameters: tuple[str, ...]
    target_type: str
    criteria: "tuple[Criterion, ...]"
    is_reverse: bool = False

    @property
    def rank(self) -> int:
        """Guess how few resources match: a step further than what they are reached from."""
        return min((each.rank for each in self.criteria), default=UNRANKED) + 1


@dataclass(frozen=True, slots=True)
class Group:
    """Criteria of which any, or with `is_all` every one, must be met; or, negated, not so."""

    criteria: "tuple[Criterion, ...]"
    is_all: bool = False
    is_negated: bool = False

    @property
    def rank(self) -> int:
        """Guess how few resources match."""
        ranks = [each.rank for each in self.criteria]
        if self.is_negated or not ranks:
            return UNRANKED
        return min(ranks) if self.is_all else max(ranks)


Criterion: TypeAlias = Condition | Link | Group


def conditions_of(criterion: Criterion) -> Iterator[Condition]:
    """Give every condition within a criterion."""
    if isinstance(criterion, Condition):
        yield criterion
    else:
        for each in criterion.criteria:
            yield from conditions_of(each)


class Terminology(Protocol):
    """What a search asks of code systems and value sets; None where one is not known."""

    def codes_in(self, value_set: str, /) -> Collection[tuple[str, str]] | None:
        """Give (system, code) of everything in a value set."""
        ...

    def descendants(self, system: str, code: str, /) -> Collection[str] | None:
        """Give the codes that a code subsumes."""
        ...

    def ancestors(self, system: str, code: str, /) -> Collection[str] | None:
        """Give the codes that subsume a code."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What values are read against: the server's zone and base URL, and the present instant."""

    time_zone: ZoneInfo
    base_url: str
    now: int
    terminology: Terminology | None = None


def conjunction(*comparisons: tuple[str, str, Value]) -> Alternative:
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


def unescape(text: str) -> str:
    r"""Resolve `\,` `\|` `\$` `\\`; a `\` before anything else stands for itself."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def invalid(name: str, sentence: str) -> Failure:
    """Refuse a value; the sentence never repeats it."""
    return Failure(FailureKind.INVALID, Issue("value", sentence, (f"http.{name}",)))
