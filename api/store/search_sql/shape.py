"""The shape of a search: all of it but the values.

Searches of the same shape share one compiled statement; their values are its parameters. A list of
values that differ in one column only is one parameter too, so that its length is no part of the
shape.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from api.fhir.search_condition import RESOURCE, Alternative, Comparison, Condition
from api.fhir.search_query import SearchQuery, SortKey
from api.store.paging import Cursor

ANY: Final = "any"
"""The operator of a column that equals one of a list."""

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
    RESOURCE: "resource_id",
}


class ConditionShape(NamedTuple):
    """A condition without its values.

    `is_narrow`: the index leads straight to its rows. `is_selective`: and they are probably few.
    """

    table: str
    is_negated: bool
    alternatives: tuple[tuple[Test, ...], ...]
    is_narrow: bool
    is_selective: bool


class SortShape(NamedTuple):
    """A sort key without the name of its parameter."""

    table: str
    column: str
    is_descending: bool


class CursorShape(NamedTuple):
    """A direction, and which of the sort values of the cursor are missing."""

    is_reversed: bool
    missing: tuple[bool, ...]


class PageShape(NamedTuple):
    """Everything that the text of a page's statement depends on."""

    conditions: tuple[ConditionShape, ...]
    sort: tuple[SortShape, ...]
    cursor: CursorShape | None


@dataclass(frozen=True, slots=True)
class Parameters:
    """A shape, and the values that its statement still needs but those of lists."""

    shape: PageShape
    values: dict[str, Any]
    lists: dict[str, list[str]]


def parameters_of(query: SearchQuery, tenant: int, cursor: Cursor | None) -> Parameters:
    """Take a query apart into shape and values; conditions that choose fewest come first."""
    conditions = sorted(
        (_for_resource(clause.condition) for clause in query.clauses), key=lambda each: each.rank
    )
    values: dict[str, Any] = {"tenant": tenant, "resource_type": query.resource_type}
    lists: dict[str, list[str]] = {}
    shapes = tuple(
        _condition(f"c{number}", condition, values, lists)
        for number, condition in enumerate(conditions)
    )
    for number, key in enumerate(query.sort):
        values[sort_name(number)] = key.parameter
    if cursor is not None:
        values.update({cursor_name(number): each for number, each in enumerate(cursor.values)})
    shape = PageShape(shapes, tuple(map(_sort, query.sort)), _cursor(cursor))
    return Parameters(shape, values, lists)


def value_name(condition: str, alternative: int, test: int) -> str:
    """Name the parameter of one comparison."""
    return f"{condition}_{alternative}_{test}"


def sort_name(number: int) -> str:
    """Name the parameter that holds the search parameter of a sort key."""
    return f"s{number}"


def cursor_name(number: int) -> str:
    """Name the parameter that holds a value of the cursor."""
    return f"k{number}"


def _condition(
    name: str, condition: Condition, values: dict[str, Any], lists: dict[str, list[str]]
) -> ConditionShape:
    values[name] = condition.parameter
    merged = _merged(condition.alternatives)
    shape: list[tuple[Test, ...]] = []
    for number, alternative in enumerate(merged or condition.alternatives):
        tests: list[Test] = []
        for position, (column, operator, value) in enumerate(alternative):
            target = lists if operator == ANY else values
            target[value_name(name, number, position)] = value
            tests.append((column, operator))
        shape.append(tuple(tests))
    is_narrow = not condition.is_negated and all(
        _is_narrow(condition.table, each) for each in shape
    )
    is_selective = is_narrow and condition.rank < _UNSELECTIVE_RANK
    return ConditionShape(
        condition.table, condition.is_negated, tuple(shape), is_narrow, is_selective
    )


def _for_resource(condition: Condition) -> Condition:
    """Turn what is asked of the interval of `_lastUpdated` into what is asked of its start."""
    if condition.table != RESOURCE:
        return condition
    alternatives = tuple(
        tuple(_of_instant(*comparison) for comparison in alternative)
        for alternative in condition.alternatives
    )
    return Condition(
        RESOURCE, condition.parameter, alternatives, condition.is_negated, condition.rank
    )


def _of_instant(column: str, operator: str, value: Any) -> Comparison:
    if column == "high":
        return Comparison("last_updated", operator, value - _MILLISECOND)
    return Comparison("last_updated" if column == "low" else column, operator, value)


def _merged(alternatives: Sequence[Alternative]) -> list[list[tuple[str, str, Any]]] | None:
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
    merged: list[tuple[str, str, Any]] = list(first)
    listed = [str(each[position].value) for each in alternatives]
    merged[position] = (first[position].column, ANY, listed)
    return [merged]


def _is_narrow(table: str, alternative: Sequence[Test]) -> bool:
    operators = {operator for column, operator in alternative if column == _LEADING[table]}
    return bool(operators & {"=", ANY}) or {">=", "<"} <= operators


def _sort(key: SortKey) -> SortShape:
    return SortShape(key.table, key.column, key.is_descending)


def _cursor(cursor: Cursor | None) -> CursorShape | None:
    if cursor is None:
        return None
    missing: Iterator[bool] = (value is None for value in cursor.values)
    return CursorShape(cursor.direction == "previous", tuple(missing))
