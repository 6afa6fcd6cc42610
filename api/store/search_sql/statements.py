"""One SELECT for each shape of a search.

A search starts from the rows of one table, its source: the condition that chooses fewest when an
index leads straight to its rows, else the first sort key, else the resources of the type. Every
other condition is an EXISTS. The keys of one page are found before any content is touched.

Resources without a value for the first sort key come last, from a part of their own that is read
only when the first part did not fill the page.
"""

from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    not_,
    null,
    select,
    true,
    union_all,
)

from api.fhir.search_condition import RESOURCE
from api.store import tables
from api.store.rows import VERSION_COLUMNS
from api.store.search_sql.conditions import (
    current_resources,
    holds,
    of_parameter,
    rows_that_satisfy,
    table_named,
)
from api.store.search_sql.order import Key, beyond_cursor, order_by
from api.store.search_sql.shape import ConditionShape, PageShape, SortShape, sort_name
from api.store.statement import Statement

Where: TypeAlias = ColumnElement[bool]

_CACHED_SHAPES = 1_000


class _Source(NamedTuple):
    """Where a search starts: rows of a table, and the condition or sort key that they answer."""

    table: FromClause
    name: str
    where: Where
    condition: int | None = None

    @property
    def resource_key(self) -> ColumnElement[Any]:
        return self.table.c.resource_key


class _Part(NamedTuple):
    """Resources that have a first sort value, or (`is_missing`) those that have none."""

    is_missing: bool
    has_cursor: bool


@lru_cache(_CACHED_SHAPES)
def page_statement(shape: PageShape) -> Statement:
    """Give the statement of a page: versions, each followed by its sort values.

    It takes `limit` and everything that `shape.parameters_of` names.
    """
    return Statement(lambda dialect: _page(shape, dialect))


@lru_cache(_CACHED_SHAPES)
def count_statement(conditions: tuple[ConditionShape, ...]) -> Statement:
    """Give the statement that counts the resources that satisfy the conditions."""
    return Statement(lambda dialect: _count(PageShape(conditions, (), None), dialect))


def _page(shape: PageShape, dialect: str) -> Select[Any]:
    keys = _keys_of_page(shape, dialect)
    resource = tables.resource
    values = [keys.c[_value(number)] for number in range(len(shape.sort))]
    order = [
        Key(number, value, shape.sort[number].is_descending, may_be_missing=True)
        for number, value in enumerate(values)
    ]
    is_found = and_(
        resource.c.tenant == bindparam("tenant"), resource.c.resource_key == keys.c.resource_key
    )
    return (
        select(*VERSION_COLUMNS, *values)
        .join_from(keys, resource, is_found)
        .order_by(*order_by([*order, _by_key(shape, keys)], is_reversed=_is_reversed(shape)))
    )


def _keys_of_page(shape: PageShape, dialect: str) -> FromClause:
    first, *others = (_part(shape, part, dialect) for part in _parts(shape))
    if not others:
        return first.subquery("page")
    first_part = first.cte("first_part")
    found = select(func.count()).select_from(first_part).scalar_subquery()
    rest = [each.where(found < bindparam("limit")).cte("second_part") for each in others]
    return union_all(*(select(each) for each in (first_part, *rest))).subquery("page")


def _count(shape: PageShape, dialect: str) -> Select[Any]:
    source = _narrow_source(shape, dialect) or _all_resources()
    keys = select(source.resource_key).where(source.where, *_others(shape, source, dialect))
    return select(func.count()).select_from(keys.distinct().subquery("found"))


def _parts(shape: PageShape) -> list[_Part]:
    """Give the parts of an answer in order. A cursor stands in one, before or after the other."""
    cursor = shape.cursor
    if not shape.sort or shape.sort[0].table == RESOURCE:
        return [_Part(is_missing=False, has_cursor=cursor is not None)]
    first, second = (True, False) if _is_reversed(shape) else (False, True)
    if cursor is None:
        return [_Part(first, has_cursor=False), _Part(second, has_cursor=False)]
    if cursor.missing[0] == second:
        return [_Part(second, has_cursor=True)]
    return [_Part(first, has_cursor=True), _Part(second, has_cursor=False)]


def _part(shape: PageShape, part: _Part, dialect: str) -> Select[Any]:
    source = _source(shape, part, dialect)
    joined, values, keys = source.table, [], []
    for number, sort in enumerate(shape.sort):
        if part.is_missing and number == 0:
            values.append(_nothing(sort))
            continue
        table = source.table
        if source.name != (_sort(number) if sort.table != RESOURCE else RESOURCE):
            table = table_named(sort.table, _sort(number))
            on = and_(_sort_rows(table, number, sort), table.c.resource_key == source.resource_key)
            joined = joined.join(table, on, isouter=number > 0)
        may_be_missing = number > 0 and sort.table != RESOURCE
        keys.append(Key(number, table.c[sort.column], sort.is_descending, may_be_missing))
        values.append(table.c[sort.column])
    keys.append(_by_key(shape, source.table))
    where = [source.where, *_others(shape, source, dialect)]
    if part.is_missing:
        where.append(_has_no_first_value(shape, source))
    if part.has_cursor and shape.cursor:
        where.append(beyond_cursor(keys, shape.cursor))
    found = select(source.resource_key, *(v.label(_value(n)) for n, v in enumerate(values)))
    return (
        (found if shape.sort or source.name == RESOURCE else found.distinct())
        .select_from(joined)
        .where(*where)
        .order_by(*order_by(keys, is_reversed=_is_reversed(shape)))
        .limit(bindparam("limit"))
        # Spelt out, since SQLAlchemy writes it for SQLite anyway, with a parameter of its own.
        .offset(literal_column("0"))
    )


def _source(shape: PageShape, part: _Part, dialect: str) -> _Source:
    narrow = _narrow_source(shape, dialect)
    if not shape.sort:
        return narrow or _all_resources()
    # Few matches are sorted; of many, the first in order are met soon enough.
    if narrow and (part.is_missing or _is_selective(shape, narrow)):
        return _distinct(narrow)
    first = shape.sort[0]
    if part.is_missing or first.table == RESOURCE:
        return _all_resources()
    table = table_named(first.table, _sort(0))
    return _Source(table, _sort(0), _sort_rows(table, 0, first))


def _is_selective(shape: PageShape, source: _Source) -> bool:
    return source.condition is not None and shape.conditions[source.condition].is_selective


def _narrow_source(shape: PageShape, dialect: str) -> _Source | None:
    """Start from the first condition to whose rows an index leads straight, if there is one."""
    for number, condition in enumerate(shape.conditions):
        if condition.is_narrow:
            table = table_named(condition.table, "source")
            where = rows_that_satisfy(table, number, condition, dialect)
            return _Source(table, condition.table, where, number)
    return None


def _all_resources() -> _Source:
    table = table_named(RESOURCE, "source")
    return _Source(table, RESOURCE, current_resources(table))


def _distinct(source: _Source) -> _Source:
    """Give each resource once, however many of its rows satisfy the condition."""
    if source.name == RESOURCE:
        return source
    keys = select(source.resource_key).where(source.where).distinct().subquery("source")
    return source._replace(table=keys, where=true())


def _others(shape: PageShape, source: _Source, dialect: str) -> list[Where]:
    """Give what the conditions ask that the source does not answer."""
    return [
        rows_that_satisfy(source.table, number, condition, dialect)
        if source.name == condition.table == RESOURCE and not condition.is_negated
        else holds(number, condition, source.resource_key, dialect)
        for number, condition in enumerate(shape.conditions)
        if number != source.condition
    ]


def _sort_rows(table: FromClause, number: int, sort: SortShape) -> Where:
    """Give the condition that leaves the one row of each resource by which it is sorted."""
    if sort.table == RESOURCE:
        return current_resources(table)
    is_chosen = table.c.is_highest if sort.is_descending else table.c.is_lowest
    return and_(of_parameter(table, sort_name(number)), is_chosen)


def _has_no_first_value(shape: PageShape, source: _Source) -> Where:
    table = table_named(shape.sort[0].table, _sort(0))
    of_resource = table.c.resource_key == source.resource_key
    return not_(exists().where(of_parameter(table, sort_name(0)), of_resource))


def _nothing(sort: SortShape) -> ColumnElement[Any]:
    """Give NULL in the type of the column whose place it takes."""
    column = table_named(sort.table, "typed").c[sort.column]
    return cast(null(), Text() if isinstance(column.type, Text) else BigInteger())


def _by_key(shape: PageShape, table: FromClause) -> Key:
    return Key(len(shape.sort), table.c.resource_key)


def _is_reversed(shape: PageShape) -> bool:
    return shape.cursor is not None and shape.cursor.is_reversed


def _value(number: int) -> str:
    return f"v{number}"


def _sort(number: int) -> str:
    return f"sort_{number}"
