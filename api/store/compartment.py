"""Everything that belongs to one resource: its compartment, and what that refers to.

https://hl7.org/fhir/R4/compartmentdefinition.html

A resource belongs to a compartment when one of its index rows refers to the centre by one of the
compartment's search parameters.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select

from api.store.rows import VERSION_COLUMNS
from api.store.tables import index_date, index_reference, is_current, resource
from api.store.version import ResourceKey, StoredVersion


@dataclass(frozen=True, slots=True)
class CareDates:
    """A period [low, high) in microseconds, and the parameters that say when care was given."""

    low: int | None
    high: int | None
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompartmentScope:
    """Whose compartment, and which part of it.

    `parameters` are spelt as the index spells them (`Observation.subject`) and so decide on the
    types too; `referred_types` limits what is brought beside the members, None not at all. `since`
    is an instant in microseconds. A member without any care date is never left out by `care`.
    """

    centre: ResourceKey
    parameters: tuple[str, ...]
    referred_types: tuple[str, ...] | None = None
    excluded_types: tuple[str, ...] = ()
    since: int | None = None
    care: CareDates | None = None


def members(
    connection: Connection, tenant: int, scope: CompartmentScope, after: int, limit: int
) -> list[StoredVersion]:
    """Give up to `limit` members in the order in which they were created, past a resource key."""
    statement = (
        select(*VERSION_COLUMNS)
        .where(*_of_members(tenant, scope), resource.c.resource_key > after)
        .order_by(resource.c.resource_key)
        .limit(limit)
    )
    return [StoredVersion(*row) for row in connection.execute(statement)]


def referred(
    connection: Connection,
    tenant: int,
    scope: CompartmentScope,
    sources: tuple[int | None, tuple[int, int] | None],
) -> list[StoredVersion]:
    """Give what lies outside the compartment and is referred to from within it.

    `sources` are the key of the centre, and the first and last key of a page of members.
    """
    centre_key, span = sources
    source: list[ColumnElement[bool]] = []
    if centre_key is not None:
        source.append(index_reference.c.resource_key == centre_key)
    if span is not None:
        within = resource.c.resource_key.between(*span)
        page = select(resource.c.resource_key).where(*_of_members(tenant, scope), within)
        source.append(index_reference.c.resource_key.in_(page))
    if not source:
        return []
    targets = (
        select(index_reference.c.target_type, index_reference.c.target_id)
        .where(index_reference.c.tenant == tenant, or_(*source))
        .distinct()
        .subquery("targets")
    )
    is_target = and_(
        resource.c.resource_type == targets.c.target_type,
        resource.c.resource_id == targets.c.target_id,
    )
    statement = (
        select(*VERSION_COLUMNS)
        .join(targets, is_target)
        .where(*_of_others(tenant, scope))
        .order_by(resource.c.resource_key)
    )
    return [StoredVersion(*row) for row in connection.execute(statement)]


def _of_others(tenant: int, scope: CompartmentScope) -> list[ColumnElement[bool]]:
    columns = resource.c
    conditions: list[ColumnElement[bool]] = [
        columns.tenant == tenant,
        is_current,
        columns.resource_key.not_in(_member_keys(tenant, scope)),
        _is_not_centre(scope),
    ]
    if scope.referred_types is not None:
        conditions.append(columns.resource_type.in_(scope.referred_types))
    if scope.excluded_types:
        conditions.append(columns.resource_type.not_in(scope.excluded_types))
    if scope.since is not None:
        conditions.append(columns.last_updated >= scope.since)
    return conditions


def _of_members(tenant: int, scope: CompartmentScope) -> list[ColumnElement[bool]]:
    columns = resource.c
    conditions: list[ColumnElement[bool]] = [
        columns.tenant == tenant,
        is_current,
        columns.resource_key.in_(_member_keys(tenant, scope)),
        # The centre may refer to itself (Patient.link); it is shown as the centre.
        _is_not_centre(scope),
    ]
    if scope.since is not None:
        conditions.append(columns.last_updated >= scope.since)
    if scope.care is not None:
        conditions.append(_was_cared_for(tenant, scope.care))
    return conditions


def _is_not_centre(scope: CompartmentScope) -> ColumnElement[bool]:
    columns = resource.c
    return or_(columns.resource_type != scope.centre[0], columns.resource_id != scope.centre[1])


def _member_keys(tenant: int, scope: CompartmentScope) -> Select[Any]:
    columns = index_reference.c
    return select(columns.resource_key).where(
        columns.tenant == tenant,
        columns.target_type == scope.centre[0],
        columns.target_id == scope.centre[1],
        columns.parameter.in_(scope.parameters),
    )


def _was_cared_for(tenant: int, care: CareDates) -> ColumnElement[bool]:
    columns = index_date.c
    of_resource = and_(
        columns.tenant == tenant,
        columns.resource_key == resource.c.resource_key,
        columns.parameter.in_(care.parameters),
    )
    within = [of_resource]
    if care.low is not None:
        within.append(columns.high > care.low)
    if care.high is not None:
        within.append(columns.low < care.high)
    return or_(exists().where(*within), ~exists().where(of_resource))
