"""Resources that come along with matches: one statement for each edge.

https://hl7.org/fhir/R4/search.html#revinclude

An edge leads from resources whose keys are known to others, by literal references and, where a
parameter holds canonical URLs, by those. Each resource that is found comes with what brought it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    literal_column,
    select,
    union_all,
)

from api.fhir.registry import registry
from api.fhir.search_condition import RESOURCE
from api.fhir.search_include import Include
from api.store import tables
from api.store.connection import OpenConnection
from api.store.dialect import any_of, joined, list_value
from api.store.rows import VERSION_COLUMNS
from api.store.search_sql.conditions import table_named
from api.store.statement import Statement
from api.store.version import StoredVersion

_FIELDS: Final = len(VERSION_COLUMNS)
_SIGN: Final = "="


class Brought(NamedTuple):
    """A resource that an edge found, and (parameter, resource key) of what brought it."""

    version: StoredVersion
    by: tuple[tuple[str, int], ...]


class _EdgeShape(NamedTuple):
    is_reverse: bool
    has_parameter: bool
    has_type: bool
    has_canonical: bool


def included(
    connection: OpenConnection, tenant: int, edge: Include, keys: Sequence[int], limit: int
) -> list[Brought]:
    """Give up to `limit` current resources at the other end of an edge; one statement."""
    urls = _url_parameters(edge)
    shape = _EdgeShape(edge.is_reverse, bool(edge.parameter), bool(edge.target_type), bool(urls))
    dialect = connection.dialect
    values: dict[str, Any] = {
        "tenant": tenant,
        "keys": list_value(dialect, keys),
        "parameter": f"{edge.source_type}.{edge.parameter}",
        "pattern": f"{edge.source_type}.%" if edge.source_type else "%",
        "target_type": edge.target_type,
        "urls": list_value(dialect, urls),
        # What R4 does not know comes only where it is named.
        "left_out": list_value(dialect, [] if edge.parameter else _logical_types()),
        "limit": limit,
    }
    rows = _statement(shape).run(connection.driver, dialect, values).fetchall()
    return [Brought(StoredVersion(*row[:_FIELDS]), _brought_by(row[_FIELDS])) for row in rows]


def _url_parameters(edge: Include) -> list[str]:
    """Give the parameters that hold the URLs of what an edge may refer to canonically."""
    types = registry().types
    targets: Sequence[str] = tuple(types)
    if edge.parameter:
        named = types[edge.source_type].search_parameters[edge.parameter]
        targets = named.targets if named.holds_canonicals else ()
    if edge.target_type:
        targets = [each for each in targets if each == edge.target_type]
    return [
        f"{each}.url"
        for each in targets
        if each in types
        and "url" in types[each].search_parameters
        and types[each].search_parameters["url"].type == "uri"
    ]


def _logical_types() -> list[str]:
    return [each.name for each in registry().types.values() if each.is_logical]


def _brought_by(text: str) -> tuple[tuple[str, int], ...]:
    pairs = (each.partition(_SIGN) for each in text.split(" "))
    return tuple((parameter, int(key)) for parameter, _, key in pairs)


@lru_cache
def _statement(shape: _EdgeShape) -> Statement:
    return Statement(lambda dialect: _select(shape, dialect))


def _select(shape: _EdgeShape, dialect: str) -> Select[Any]:
    edges = [_literal(shape, dialect)]
    if shape.has_canonical:
        edges.append(_canonical(shape, dialect))
    every = union_all(*edges).subquery("edge")
    found = (
        select(every.c.found, joined(dialect, every.c.brought).label("brought"))
        .group_by(every.c.found)
        .subquery("found")
    )
    resource = tables.resource
    return (
        select(*VERSION_COLUMNS, found.c.brought)
        .where(
            resource.c.tenant == bindparam("tenant"),
            resource.c.resource_key == found.c.found,
            ~resource.c.is_deleted,
            ~any_of(dialect, resource.c.resource_type, "left_out"),
        )
        .order_by(resource.c.resource_key)
        .limit(bindparam("limit"))
        .offset(literal_column("0"))
    )


def _literal(shape: _EdgeShape, dialect: str) -> Select[Any]:
    reference = table_named("index_reference", "reference")
    target = table_named(RESOURCE, "target")
    this, other = (target, reference) if shape.is_reverse else (reference, target)
    where = [
        _of_parameter(shape, reference),
        any_of(dialect, this.c.resource_key, "keys"),
        target.c.tenant == bindparam("tenant"),
        target.c.resource_type == reference.c.target_type,
        target.c.resource_id == reference.c.target_id,
    ]
    if shape.has_type:
        where.append(reference.c.target_type == bindparam("target_type"))
    return _edge(reference, this, other, and_(*where))


def _canonical(shape: _EdgeShape, dialect: str) -> Select[Any]:
    reference = table_named("index_reference", "reference")
    url = table_named("index_uri", "url")
    this, other = (url, reference) if shape.is_reverse else (reference, url)
    where = and_(
        _of_parameter(shape, reference),
        any_of(dialect, this.c.resource_key, "keys"),
        reference.c.target_type == literal_column("''"),
        url.c.tenant == bindparam("tenant"),
        any_of(dialect, url.c.parameter, "urls"),
        url.c.value == reference.c.target_id,
    )
    return _edge(reference, this, other, where)


def _edge(
    reference: FromClause, this: FromClause, other: FromClause, where: ColumnElement[bool]
) -> Select[Any]:
    sign = literal_column(f"'{_SIGN}'", Text)
    brought = reference.c.parameter + sign + cast(this.c.resource_key, Text)
    return select(other.c.resource_key.label("found"), brought.label("brought")).where(where)


def _of_parameter(shape: _EdgeShape, reference: FromClause) -> ColumnElement[bool]:
    is_of_tenant: ColumnElement[bool] = reference.c.tenant == bindparam("tenant")
    if shape.has_parameter:
        return and_(is_of_tenant, reference.c.parameter == bindparam("parameter"))
    # References that no search parameter covers stand under `Type.*`.
    covered = reference.c.parameter.not_like(literal_column("'%.*'"))
    return and_(is_of_tenant, covered, reference.c.parameter.like(bindparam("pattern")))
