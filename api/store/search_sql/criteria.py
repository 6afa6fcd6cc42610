"""Criteria on resources as SQL: whether a resource meets one, and which resources do.

A link joins the references of one resource with the row of another; what is asked of the other is a
criterion again, at any depth.
"""

from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    not_,
    or_,
    select,
    union_all,
)

from api.fhir.search_condition import RESOURCE
from api.store import full_text
from api.store.dialect import probe
from api.store.search_sql.conditions import (
    TEXT,
    of_parameter,
    rows_of,
    rows_that_satisfy,
    table_named,
)
from api.store.search_sql.shape import (
    ConditionShape,
    CriterionShape,
    GroupShape,
    LinkShape,
    parameter_name,
    target_name,
)

Where: TypeAlias = ColumnElement[bool]
Key: TypeAlias = ColumnElement[Any]


def holds(shape: CriterionShape, key: Key, dialect: str) -> Where:
    """Give the condition that the resource with this key meets a criterion."""
    if isinstance(shape, GroupShape):
        joined = and_ if shape.is_all else or_
        found: Where = joined(*(holds(each, key, dialect) for each in shape.inner))
        return not_(found) if shape.is_negated else found
    if isinstance(shape, LinkShape):
        return _link_holds(shape, key, dialect)
    rows = rows_of(shape, dialect, parameter_name(shape.number))
    is_of = (
        full_text.is_of(dialect, rows, key) if shape.table == TEXT else rows.c.resource_key == key
    )
    found = exists().where(rows_that_satisfy(rows, shape, dialect), is_of)
    return not_(found) if shape.is_negated else found


def keys(shape: CriterionShape, dialect: str) -> Select[Any]:
    """Give the keys of the resources that meet a narrow criterion; some of them may come twice."""
    if isinstance(shape, GroupShape):
        return _keys_of_group(shape, dialect)
    if isinstance(shape, LinkShape):
        return _keys_of_link(shape, dialect)
    rows = rows_of(shape, dialect, parameter_name(shape.number))
    key = full_text.key_of(dialect, rows) if shape.table == TEXT else rows.c.resource_key
    return select(key.label("resource_key")).where(rows_that_satisfy(rows, shape, dialect))


def implies_types(shape: CriterionShape) -> bool:
    """Tell whether only resources of the types that are searched can meet a criterion."""
    if isinstance(shape, ConditionShape):
        return shape.table != TEXT
    if isinstance(shape, LinkShape):
        return shape.is_typed or not shape.is_reverse
    some_or_all = any if shape.is_all else all
    return some_or_all(implies_types(each) for each in shape.inner)


def _link_holds(shape: LinkShape, key: Key, dialect: str) -> Where:
    references, target, joined = _sides(shape, dialect)
    this, other = (target, references) if shape.is_reverse else (references, target)
    inner = (holds(each, other.c.resource_key, dialect) for each in shape.inner)
    return probe(dialect, and_(this.c.resource_key == key, joined, *inner))


def _keys_of_link(shape: LinkShape, dialect: str) -> Select[Any]:
    references, target, joined = _sides(shape, dialect)
    this, other = (target, references) if shape.is_reverse else (references, target)
    first = next(each for each in shape.inner if each.is_narrow)
    rest = [each for each in shape.inner if each is not first]
    if isinstance(first, ConditionShape) and first.table == RESOURCE and not shape.is_reverse:
        # The resource on the other side is the very row that is asked about.
        source, is_source = target, rows_that_satisfy(target, first, dialect)
    else:
        source, is_source = _inner_source(shape, first, dialect)
        is_source = and_(is_source, source.c.resource_key == other.c.resource_key)
    return select(this.c.resource_key).where(
        is_source, joined, *(holds(each, other.c.resource_key, dialect) for each in rest)
    )


def _inner_source(
    shape: LinkShape, first: CriterionShape, dialect: str
) -> tuple[FromClause, Where]:
    if isinstance(first, ConditionShape) and first.table != TEXT:
        rows = rows_of(first, dialect, parameter_name(first.number))
        return rows, rows_that_satisfy(rows, first, dialect)
    found = keys(first, dialect).subquery(f"other_{shape.number}")
    return found, found.c.resource_key.is_not(None)


def _sides(shape: LinkShape, dialect: str) -> tuple[FromClause, FromClause, Where]:
    """Give the references, the resources they refer to, and how the two are joined."""
    references = table_named("index_reference", f"reference_{shape.number}")
    target = table_named(RESOURCE, f"target_{shape.number}")
    joined = [
        of_parameter(dialect, references, parameter_name(shape.number), has_many=shape.has_many),
        target.c.tenant == bindparam("tenant"),
        target.c.resource_type == references.c.target_type,
        target.c.resource_id == references.c.target_id,
        ~target.c.is_deleted,
    ]
    if shape.is_typed:
        joined.append(references.c.target_type == bindparam(target_name(shape.number)))
        joined.append(target.c.resource_type == bindparam(target_name(shape.number)))
    return references, target, and_(*joined)


def _keys_of_group(shape: GroupShape, dialect: str) -> Select[Any]:
    if not shape.is_all:
        every = union_all(*(keys(each, dialect) for each in shape.inner)).subquery()
        return select(every.c.resource_key)
    first = next(each for each in shape.inner if each.is_narrow)
    found = keys(first, dialect).subquery()
    rest = (holds(each, found.c.resource_key, dialect) for each in shape.inner if each is not first)
    return select(found.c.resource_key).where(*rest)
