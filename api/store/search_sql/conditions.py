"""What a search asks of the rows of a table, as SQL. Every condition names the tenant first."""

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Table,
    Text,
    and_,
    bindparam,
    or_,
    select,
    true,
)

from api.fhir.search_condition import ANY, ASCENDS, DESCENDS, RESOURCE, WITHIN, WORDS
from api.store import full_text, tables
from api.store.dialect import any_of, as_ordered_text
from api.store.search_sql.shape import ConditionShape, Test, parameter_name, value_name

Where: TypeAlias = ColumnElement[bool]

TEXT: Final = full_text.NAME
_TABLES: Final[Mapping[str, Table]] = {
    table.name: table for table in (tables.resource, *tables.INDEX_TABLES)
}


def _like(column: ColumnElement[Any], pattern: ColumnElement[Any]) -> Where:
    return column.like(pattern, escape="\\")


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Where]]] = {
    "=": eq,
    "<>": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "like": _like,
}


def table_named(name: str, alias: str) -> FromClause:
    """Give a table of the store under a name of its own in the statement."""
    return _TABLES[name].alias(alias)


def current_resources(dialect: str, resource: FromClause, *, has_many: bool) -> Where:
    """Give the condition that leaves the current resources of the types that are searched."""
    of_type = is_one_of(dialect, resource.c.resource_type, "resource_type", has_many=has_many)
    return and_(resource.c.tenant == bindparam("tenant"), of_type, ~resource.c.is_deleted)


def of_parameter(dialect: str, index: FromClause, name: str, *, has_many: bool) -> Where:
    """Give the condition that leaves the rows of one search parameter, or of one of several."""
    return and_(
        index.c.tenant == bindparam("tenant"),
        is_one_of(dialect, index.c.parameter, name, has_many=has_many),
    )


def is_one_of(dialect: str, column: ColumnElement[Any], name: str, *, has_many: bool) -> Where:
    """Give the condition that a column equals a parameter, or one of those in it."""
    if has_many:
        return any_of(dialect, column, name)
    is_equal: Where = column == bindparam(name)
    return is_equal


def rows_of(shape: ConditionShape, dialect: str, alias: str) -> FromClause:
    """Give the rows that a condition is about, under a name of their own in the statement."""
    return (
        full_text.word_rows(dialect, alias)
        if shape.table == TEXT
        else table_named(shape.table, alias)
    )


def rows_that_satisfy(rows: FromClause, shape: ConditionShape, dialect: str) -> Where:
    """Give the condition that leaves the rows that satisfy one of a search, negated or not."""
    name = parameter_name(shape.number)
    alternatives = [
        and_(
            true(),
            *(
                _compared(rows, test, value_name(shape.number, place, position), dialect)
                for position, test in enumerate(tests)
            ),
        )
        for place, tests in enumerate(shape.alternatives)
    ]
    if shape.table == TEXT:
        return or_(*alternatives)
    if shape.table == RESOURCE:
        of_type = is_one_of(dialect, rows.c.resource_type, name, has_many=shape.has_many)
        is_meant = and_(rows.c.tenant == bindparam("tenant"), of_type, ~rows.c.is_deleted)
    else:
        is_meant = of_parameter(dialect, rows, name, has_many=shape.has_many)
    return and_(is_meant, or_(*alternatives))


def _compared(rows: FromClause, test: Test, parameter: str, dialect: str) -> Where:
    column, operator = test
    if operator == WORDS:
        return full_text.holds(dialect, rows, column, parameter)
    if operator == WITHIN:
        return _is_within(rows, parameter)
    if operator == ANY:
        return any_of(dialect, rows.c[column], parameter)
    if operator in (DESCENDS, ASCENDS):
        is_below = operator == DESCENDS
        return _is_in_hierarchy(rows.c[column], parameter, dialect, is_below=is_below)
    return _OPERATORS[operator](rows.c[column], bindparam(parameter))


def _is_within(rows: FromClause, parameter: str) -> Where:
    """Compare squares of distances, which needs no function that a database might lack."""
    squares = [
        (rows.c[name] - bindparam(f"{parameter}_{place}"))
        * (rows.c[name] - bindparam(f"{parameter}_{place}"))
        for place, name in enumerate("xyz")
    ]
    is_within: Where = squares[0] + squares[1] + squares[2] <= bindparam(f"{parameter}_3")
    return is_within


def _is_in_hierarchy(
    column: ColumnElement[Any], parameter: str, dialect: str, *, is_below: bool
) -> Where:
    """Follow the references by which resources are part of one another, one way, to the end."""
    start, upward, resource_type = (
        bindparam(f"{parameter}_{place}", type_=Text) for place in range(3)
    )
    tree = select(as_ordered_text(dialect, start).label("id")).cte(
        f"{parameter}_tree", recursive=True
    )
    part = table_named(RESOURCE, f"{parameter}_part")
    whole = table_named("index_reference", f"{parameter}_whole")
    known, found = (
        (whole.c.target_id, part.c.resource_id)
        if is_below
        else (part.c.resource_id, whole.c.target_id)
    )
    step = (
        select(found)
        .select_from(tree)
        .join(whole, whole.c.tenant == bindparam("tenant"))
        .join(part, whole.c.resource_key == part.c.resource_key)
        .where(
            part.c.tenant == bindparam("tenant"),
            part.c.resource_type == resource_type,
            ~part.c.is_deleted,
            whole.c.parameter == upward,
            whole.c.target_type == resource_type,
            known == tree.c.id,
        )
    )
    every = tree.union(step)
    return column.in_(select(every.c.id))
