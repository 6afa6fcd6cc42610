"""One SELECT for each shape of a search.

A search starts from the rows of one table, its source: the criterion that chooses fewest when an
index leads straight to its rows, else the first sort key, else the resources of the type. Every
other criterion is an EXISTS. The keys of one page are found before any content is touched.

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
from api.store.dialect import any_of
from api.store.rows import VERSION_COLUMNS
from api.store.search_sql.conditions import (
    TEXT,
    current_resources,
    is_one_of,
    of_parameter,
    rows_that_satisfy,
    table_named,
)
from api.store.search_sql.criteria import holds, implies_types, keys
from api.store.search_sql.order import Key, beyond_cursor, order_by
from api.store.search_sql.shape import (
    ConditionShape,
    CriterionShape,
    PageShape,
    SortShape,
    sort_name,
)
from api.store.statement import Statement

Where: TypeAlias = ColumnElement[bool]

_CACHED_SHAPES = 1_000


class _Source(NamedTuple):
    """Where a search starts: rows of a table, and the criterion or sort key that they answer."""

    table: FromClause
    name: str
    where: Where
    criterion: CriterionShape | None = None

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
def count_statement(shape: PageShape) -> Statement:
    """Give the statement that counts the resources that meet the criteria, whatever the page."""
    return Statement(lambda dialect: _count(shape, dialect))


@lru_cache(_CACHED_SHAPES)
def moved_statement(shape: PageShape) -> Statement:
    """Give the statement of matches that were updated since a walk through pages began.

    It takes `watermark`, the last change that the walk has seen. Each row is the current version,
    followed by the content and `last_updated` of the version that was current then.
    """
    return Statement(lambda dialect: _moved(shape, dialect))


def _page(shape: PageShape, dialect: str) -> Select[Any]:
    page = _keys_of_page(shape, dialect)
    resource = tables.resource
    values = [page.c[_value(number)] for number in range(len(shape.sort))]
    order = [
        Key(number, value, shape.sort[number].is_descending, may_be_missing=True)
        for number, value in enumerate(values)
    ]
    is_found = and_(
        resource.c.tenant == bindparam("tenant"), resource.c.resource_key == page.c.resource_key
    )
    changes = select(tables.tenant.c.change_seq).where(
        tables.tenant.c.tenant == bindparam("tenant")
    )
    # Only where a walk begins, and only one whose order later changes could disturb.
    watermark = [changes.scalar_subquery()] if shape.cursor is None and shape.sort else []
    return (
        select(*VERSION_COLUMNS, *values, *watermark)
        .join_from(page, resource, is_found)
        .order_by(*order_by([*order, _by_key(shape, page)], is_reversed=_is_reversed(shape)))
    )


def _keys_of_page(shape: PageShape, dialect: str) -> FromClause:
    first, *others = (_part(shape, part, dialect) for part in _parts(shape))
    if not others:
        return first.subquery("page")
    first_part = first.cte("first_part")
    found = select(func.count()).select_from(first_part).scalar_subquery()
    rest = [each.where(found < bindparam("limit")).cte("second_part") for each in others]
    return union_all(*(select(each) for each in (first_part, *rest))).subquery("page")


def _moved(shape: PageShape, dialect: str) -> Select[Any]:
    resource, history = tables.resource, tables.resource_history
    since, before, then = (history.alias(name) for name in ("since", "before", "then"))
    is_updated = (
        select(since.c.resource_key)
        .where(
            since.c.tenant == bindparam("tenant"),
            is_one_of(
                dialect, since.c.resource_type, "resource_type", has_many=shape.has_many_types
            ),
            since.c.change_seq > bindparam("watermark"),
            # A first version was no part of the walk, wherever it went since.
            since.c.version_id > literal_column("1"),
        )
        .distinct()
        .subquery("updated")
    )
    last_seen = (
        select(func.max(before.c.version_id))
        .where(
            before.c.tenant == bindparam("tenant"),
            before.c.resource_type == resource.c.resource_type,
            before.c.resource_id == resource.c.resource_id,
            before.c.change_seq <= bindparam("watermark"),
        )
        .scalar_subquery()
    )
    return select(*VERSION_COLUMNS, then.c.content, then.c.last_updated).where(
        resource.c.tenant == bindparam("tenant"),
        resource.c.resource_key == is_updated.c.resource_key,
        ~resource.c.is_deleted,
        then.c.tenant == bindparam("tenant"),
        then.c.resource_type == resource.c.resource_type,
        then.c.resource_id == resource.c.resource_id,
        then.c.version_id == last_seen,
        then.c.content.is_not(None),
        *(holds(each, resource.c.resource_key, dialect) for each in shape.criteria),
    )


def _count(shape: PageShape, dialect: str) -> Select[Any]:
    source = _narrow_source(shape, dialect) or _all_resources(shape, dialect)
    found = select(source.resource_key).where(source.where, *_others(shape, source, dialect))
    return select(func.count()).select_from(found.distinct().subquery("matches"))


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
    joined, values, order = source.table, [], []
    for number, sort in enumerate(shape.sort):
        if part.is_missing and number == 0:
            values.append(_nothing(sort))
            continue
        table = source.table
        if source.name != (_sort(number) if sort.table != RESOURCE else RESOURCE):
            table = table_named(sort.table, _sort(number))
            rows = _sort_rows(shape, number, table, dialect)
            on = and_(rows, table.c.resource_key == source.resource_key)
            joined = joined.join(table, on, isouter=number > 0)
        may_be_missing = number > 0 and sort.table != RESOURCE
        order.append(Key(number, table.c[sort.column], sort.is_descending, may_be_missing))
        values.append(table.c[sort.column])
    order.append(_by_key(shape, source.table))
    where = [source.where, *_others(shape, source, dialect)]
    if part.is_missing:
        where.append(_has_no_first_value(shape, source, dialect))
    if part.has_cursor and shape.cursor:
        where.append(beyond_cursor(order, shape.cursor))
    if shape.cursor and shape.cursor.has_excluded:
        where.append(not_(any_of(dialect, source.resource_key, "excluded")))
    found = select(source.resource_key, *(v.label(_value(n)) for n, v in enumerate(values)))
    return (
        (found if shape.sort or source.name in (RESOURCE, "keys") else found.distinct())
        .select_from(joined)
        .where(*where)
        .order_by(*order_by(order, is_reversed=_is_reversed(shape)))
        .limit(bindparam("limit"))
        # Spelt out, since SQLAlchemy writes it for SQLite anyway, with a parameter of its own.
        .offset(literal_column("0"))
    )


def _source(shape: PageShape, part: _Part, dialect: str) -> _Source:
    narrow = _narrow_source(shape, dialect)
    if not shape.sort:
        return narrow or _all_resources(shape, dialect)
    # Few matches are sorted; of many, the first in order are met soon enough.
    is_selective = narrow and narrow.criterion and narrow.criterion.is_selective
    if narrow and (part.is_missing or is_selective):
        return _distinct(narrow)
    first = shape.sort[0]
    if part.is_missing or first.table == RESOURCE:
        return _all_resources(shape, dialect)
    table = table_named(first.table, _sort(0))
    return _Source(table, _sort(0), _sort_rows(shape, 0, table, dialect))


def _narrow_source(shape: PageShape, dialect: str) -> _Source | None:
    """Start from the first criterion to whose rows an index leads straight, if there is one."""
    narrow = next((each for each in shape.criteria if each.is_narrow), None)
    if narrow is None:
        return None
    if isinstance(narrow, ConditionShape) and narrow.table != TEXT:
        table = table_named(narrow.table, "source")
        return _Source(table, narrow.table, rows_that_satisfy(table, narrow, dialect), narrow)
    found = keys(narrow, dialect)
    if not implies_types(narrow):
        every = found.subquery("found")
        resource = table_named(RESOURCE, "of_type")
        is_of_type = current_resources(dialect, resource, has_many=shape.has_many_types)
        found = select(every.c.resource_key).where(
            every.c.resource_key == resource.c.resource_key, is_of_type
        )
    return _Source(found.distinct().subquery("source"), "keys", true(), narrow)


def _all_resources(shape: PageShape, dialect: str) -> _Source:
    table = table_named(RESOURCE, "source")
    where = current_resources(dialect, table, has_many=shape.has_many_types)
    return _Source(table, RESOURCE, where)


def _distinct(source: _Source) -> _Source:
    """Give each resource once, however many of its rows satisfy the criterion."""
    if source.name in (RESOURCE, "keys"):
        return source
    found = select(source.resource_key).where(source.where).distinct().subquery("source")
    return source._replace(table=found, where=true())


def _others(shape: PageShape, source: _Source, dialect: str) -> list[Where]:
    """Give what the criteria ask that the source does not answer."""
    return [
        rows_that_satisfy(source.table, each, dialect)
        if isinstance(each, ConditionShape)
        and source.name == each.table == RESOURCE
        and not each.is_negated
        else holds(each, source.resource_key, dialect)
        for each in shape.criteria
        if each is not source.criterion
    ]


def _sort_rows(shape: PageShape, number: int, table: FromClause, dialect: str) -> Where:
    """Give the condition that leaves the one row of each resource by which it is sorted."""
    sort = shape.sort[number]
    if sort.table == RESOURCE:
        return current_resources(dialect, table, has_many=shape.has_many_types)
    is_chosen = table.c.is_highest if sort.is_descending else table.c.is_lowest
    rows = of_parameter(dialect, table, sort_name(number), has_many=sort.has_many)
    return and_(rows, is_chosen)


def _has_no_first_value(shape: PageShape, source: _Source, dialect: str) -> Where:
    sort = shape.sort[0]
    table = table_named(sort.table, _sort(0))
    of_resource = table.c.resource_key == source.resource_key
    rows = of_parameter(dialect, table, sort_name(0), has_many=sort.has_many)
    return not_(exists().where(rows, of_resource))


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
