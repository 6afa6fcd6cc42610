"""The shape of a search: all of it but the values.

Searches of the same shape share one compiled statement; their values are its parameters. A list of
values that differ in one column only is one parameter too, so that its length is no part of the
shape. Every condition and link has a number, by which its parameters are named.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias, cast

from api.fhir.search_condition import (
    ANY,
    RESOURCE,
    WORDS,
    Alternative,
    Comparison,
    Condition,
    Criterion,
    Group,
    Link,
    TextTree,
)
from api.fhir.search_query import SearchQuery, SortKey
from api.store.paging import Cursor

Test: TypeAlias = tuple[str, str]
"""A column and the operator that compares it."""

# Whole milliseconds are what `meta.lastUpdated` shows, so it is an interval of that length.
_MILLISECOND: Final = 1_000

# Ids, references, names; from codes onwards a condition may well leave a tenth of all there is.
_UNSELECTIVE_RANK: Final = 3

# The column that leads the key of each table, after tenant and parameter.
_LEADING: Final = {
    "index_string": "value_start",
    "index_token": "code",
    "index_date": "low",
    "index_number": "low",
    "index_quantity": "low",
    "index_reference": "target_id",
    "index_uri": "value",
    "index_composite": "first_low",
    "index_position": "x",
    RESOURCE: "resource_id",
}
_POINTS: Final = frozenset(("=", ANY, "descends", "ascends"))


class ConditionShape(NamedTuple):
    """A condition without its values; with `has_many` it is about several parameters.

    `is_narrow`: the index leads straight to its rows. `is_selective`: and they are probably few.
    """

    number: int
    table: str
    is_negated: bool
    alternatives: tuple[tuple[Test, ...], ...]
    has_many: bool
    is_narrow: bool
    is_selective: bool


class LinkShape(NamedTuple):
    """A link without its values; `is_typed` when it names the type that is referred to."""

    number: int
    is_reverse: bool
    is_typed: bool
    has_many: bool
    inner: "tuple[CriterionShape, ...]"
    is_narrow: bool
    is_selective: bool


class GroupShape(NamedTuple):
    """A group without its values."""

    is_all: bool
    is_negated: bool
    inner: "tuple[CriterionShape, ...]"
    is_narrow: bool
    is_selective: bool


CriterionShape: TypeAlias = ConditionShape | LinkShape | GroupShape


class SortShape(NamedTuple):
    """A sort key without the names of its parameters."""

    table: str
    column: str
    is_descending: bool
    has_many: bool


class CursorShape(NamedTuple):
    """A direction, which of the sort values of the cursor are missing, and what is passed over."""

    is_reversed: bool
    missing: tuple[bool, ...]
    has_excluded: bool


class PageShape(NamedTuple):
    """Everything that the text of a page's statement depends on."""

    criteria: tuple[CriterionShape, ...]
    sort: tuple[SortShape, ...]
    cursor: CursorShape | None
    has_many_types: bool


@dataclass(frozen=True, slots=True)
class Parameters:
    """A shape, and the values that its statement needs; lists and phrases as no database has them.

    `lists` are to be one of, `phrases` to be found in text.
    """

    shape: PageShape
    values: dict[str, Any]
    lists: dict[str, Sequence[str | int]]
    phrases: dict[str, TextTree]


def parameters_of(
    query: SearchQuery, tenant: int, cursor: Cursor | None, excluded: Sequence[int] = ()
) -> Parameters:
    """Take a query apart into shape and values; criteria that choose fewest come first."""
    taken = _Taken(values={"tenant": tenant})
    if query.resource_types:
        taken.lists["resource_type"] = query.resource_types
    else:
        taken.values["resource_type"] = query.resource_type
    criteria = taken.criteria(clause.condition for clause in query.clauses)
    sort = tuple(taken.sort(number, key) for number, key in enumerate(query.sort))
    if cursor is not None:
        taken.values.update({cursor_name(place): each for place, each in enumerate(cursor.values)})
    if excluded:
        taken.lists["excluded"] = excluded
    shape = PageShape(
        criteria, sort, _cursor(cursor, has_excluded=bool(excluded)), bool(query.resource_types)
    )
    return Parameters(shape, taken.values, taken.lists, taken.phrases)


def parameter_name(number: int) -> str:
    """Name the parameter that holds the search parameters of a condition or link."""
    return f"c{number}"


def target_name(number: int) -> str:
    """Name the parameter that holds the type that a link refers to."""
    return f"t{number}"


def value_name(number: int, alternative: int, test: int) -> str:
    """Name the parameter of one comparison; those of a value in parts add their place to it."""
    return f"c{number}_{alternative}_{test}"


def sort_name(number: int) -> str:
    """Name the parameter that holds the search parameter of a sort key."""
    return f"s{number}"


def cursor_name(number: int) -> str:
    """Name the parameter that holds a value of the cursor."""
    return f"k{number}"


@dataclass(slots=True)
class _Taken:
    """Values by name, as they are taken out of criteria."""

    values: dict[str, Any]
    lists: dict[str, Sequence[str | int]] = field(default_factory=dict)
    phrases: dict[str, TextTree] = field(default_factory=dict)
    number: int = 0

    def criteria(self, criteria: Iterable[Criterion]) -> tuple[CriterionShape, ...]:
        return tuple(map(self._criterion, sorted(criteria, key=lambda each: each.rank)))

    def sort(self, number: int, key: SortKey) -> SortShape:
        self._parameter(sort_name(number), key.parameters or (key.parameter,))
        return SortShape(key.table, key.column, key.is_descending, len(key.parameters) > 1)

    def _criterion(self, criterion: Criterion) -> CriterionShape:
        if isinstance(criterion, Condition):
            return self._condition(criterion)
        inner = self.criteria(criterion.criteria)
        if isinstance(criterion, Link):
            return self._link(criterion, inner)
        return _group(criterion, inner)

    def _condition(self, condition: Condition) -> ConditionShape:
        number = self._next()
        parameters = condition.parameters or (condition.parameter,)
        alternatives = condition.alternatives
        if condition.table == RESOURCE:
            parameters = tuple(each.partition(".")[0] for each in parameters)
            alternatives = tuple(tuple(map(_of_instant, each)) for each in alternatives)
        self._parameter(parameter_name(number), parameters)
        merged = _merged(alternatives)
        shape = tuple(
            tuple(
                self._test(value_name(number, place, position), comparison)
                for position, comparison in enumerate(alternative)
            )
            for place, alternative in enumerate(merged or alternatives)
        )
        is_narrow = not condition.is_negated and all(
            _is_narrow(condition.table, each) for each in shape
        )
        return ConditionShape(
            number,
            condition.table,
            condition.is_negated,
            shape,
            len(parameters) > 1,
            is_narrow,
            is_narrow and condition.rank < _UNSELECTIVE_RANK,
        )

    def _link(self, link: Link, inner: tuple[CriterionShape, ...]) -> LinkShape:
        number = self._next()
        self._parameter(parameter_name(number), link.parameters)
        if link.target_type:
            self.values[target_name(number)] = link.target_type
        return LinkShape(
            number,
            link.is_reverse,
            bool(link.target_type),
            len(link.parameters) > 1,
            inner,
            any(each.is_narrow for each in inner),
            any(each.is_selective for each in inner),
        )

    def _test(self, name: str, comparison: Comparison) -> Test:
        column, operator, value = comparison
        if operator == WORDS:
            self.phrases[name] = cast("TextTree", value)
        elif operator == ANY and isinstance(value, tuple):
            self.lists[name] = [str(each) for each in value]
        elif isinstance(value, tuple):
            self.values.update({f"{name}_{place}": each for place, each in enumerate(value)})
        else:
            self.values[name] = value
        return column, operator

    def _parameter(self, name: str, parameters: Sequence[str]) -> None:
        if len(parameters) > 1:
            self.lists[name] = parameters
        else:
            self.values[name] = parameters[0]

    def _next(self) -> int:
        self.number += 1
        return self.number - 1


def _group(group: Group, inner: tuple[CriterionShape, ...]) -> GroupShape:
    any_or_all = any if group.is_all else all
    is_narrow = not group.is_negated and any_or_all(each.is_narrow for each in inner)
    is_selective = is_narrow and any_or_all(each.is_selective for each in inner)
    return GroupShape(group.is_all, group.is_negated, inner, is_narrow, is_selective)


def _of_instant(comparison: Comparison) -> Comparison:
    """Turn what is asked of the interval of `_lastUpdated` into what is asked of its start."""
    column, operator, value = comparison
    if column == "high" and isinstance(value, int):
        return Comparison("last_updated", operator, value - _MILLISECOND)
    return Comparison("last_updated" if column == "low" else column, operator, value)


def _merged(alternatives: Sequence[Alternative]) -> list[Alternative] | None:
    """Give the one alternative that stands for all, when they differ in one text column only."""
    first = alternatives[0]
    tests = {tuple((column, operator) for column, operator, _ in each) for each in alternatives}
    if len(alternatives) == 1 or len(tests) != 1:
        return None
    different = [
        position
        for position in range(len(first))
        if len({each[position].value for each in alternatives}) > 1
    ]
    if len(different) != 1 or first[different[0]].operator != "=":
        return None
    position = different[0]
    listed = tuple(str(each[position].value) for each in alternatives)
    merged = list(first)
    merged[position] = Comparison(first[position].column, ANY, listed)
    return [tuple(merged)]


def _is_narrow(table: str, alternative: Sequence[Test]) -> bool:
    leading = _LEADING.get(table)
    if leading is None:
        return True
    operators = {operator for column, operator in alternative if column == leading}
    return bool(operators & _POINTS) or {">=", "<"} <= operators


def _cursor(cursor: Cursor | None, *, has_excluded: bool) -> CursorShape | None:
    if cursor is None:
        return None
    missing: Iterator[bool] = (value is None for value in cursor.values)
    return CursorShape(cursor.direction == "previous", tuple(missing), has_excluded)
