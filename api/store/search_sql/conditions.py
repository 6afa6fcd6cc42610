"""What a search asks of the rows of a table, as SQL. Every condition names the tenant first."""

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Table,
    and_,
    bindparam,
    exists,
    not_,
    or_,
    true,
)

from api.fhir.search_condition import RESOURCE
from api.store import tables
from api.store.dialect import any_of
from api.store.search_sql.shape import ANY, ConditionShape, Test, value_name

Where: TypeAlias = ColumnElement[bool]

_TABLES: Final[Mapping[str, Table]] = {
    table.name: table for table in (tables.resource, *tables.INDEX_TABLES)
}


def _like(column: ColumnElement[Any], pattern: ColumnElement[Any]) -> Where:
    return column.like(pattern, escape="\\")


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Where]]] = {
    "=": eq,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "like": _like,
}


def table_named(name: str, alias: str) -> FromClause:
    """Give a table of the store under a name of its own in the statement."""
    return _TABLES[name].alias(alias)


def current_resources(resource: FromClause) -> Where:
    """Give the condition that leaves the current resources of the type that is searched."""
    return and_(
        resource.c.tenant == bindparam("tenant"),
        resource.c.resource_type == bindparam("resource_type"),
        ~resource.c.is_deleted,
    )


def of_parameter(index: FromClause, name: str) -> Where:
    """Give the condition that leaves the rows of one search parameter."""
    return and_(
        index.c.tenant == bindparam("tenant"),
        index.c.parameter == bindparam(name),
    )


def rows_that_satisfy(
    source: FromClause, number: int, condition: ConditionShape, dialect: str
) -> Where:
    """Give the condition that leaves the rows of `source` that satisfy one of a search."""
    name = f"c{number}"
    is_resource = condition.table == RESOURCE
    rows = current_resources(source) if is_resource else of_parameter(source, name)
    alternatives = [
        _alternative(source, (name, place), alternative, dialect)
        for place, alternative in enumerate(condition.alternatives)
    ]
    return and_(rows, or_(*alternatives))


def holds(
    number: int, condition: ConditionShape, resource_key: ColumnElement[Any], dialect: str
) -> Where:
    """Give the condition that a resource satisfies one condition of a search."""
    probe = table_named(condition.table, f"c{number}")
    found = exists().where(
        rows_that_satisfy(probe, number, condition, dialect), probe.c.resource_key == resource_key
    )
    return not_(found) if condition.is_negated else found


def _alternative(
    source: FromClause, name: tuple[str, int], tests: tuple[Test, ...], dialect: str
) -> Where:
    return and_(
        true(),
        *(
            _compared(source, test, value_name(*name, position), dialect)
            for position, test in enumerate(tests)
        ),
    )


def _compared(source: FromClause, test: Test, parameter: str, dialect: str) -> Where:
    column, operator = test
    if operator == ANY:
        return any_of(dialect, source.c[column], parameter)
    return _OPERATORS[operator](source.c[column], bindparam(parameter))
