"""Rows of `resource` and `resource_history`: read by key, locked, and written in batches."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from api.store.connection import OpenConnection
from api.store.dialect import any_of, list_value
from api.store.statement import Statement
from api.store.tables import is_current, resource, resource_history
from api.store.version import ResourceKey, StoredVersion

_FIELDS = (
    "resource_type",
    "resource_id",
    "version_id",
    "last_updated",
    "content",
    "method",
    "change_seq",
    "resource_key",
)
#: The columns of a current version, in the order of the fields of `StoredVersion`.
VERSION_COLUMNS = tuple(resource.c[name] for name in _FIELDS)
#: The same of any version.
HISTORY_COLUMNS = tuple(resource_history.c[name] for name in _FIELDS)

_READ = Statement(
    select(*VERSION_COLUMNS).where(
        resource.c.tenant == bindparam("tenant"),
        resource.c.resource_type == bindparam("resource_type"),
        resource.c.resource_id == bindparam("resource_id"),
    )
)
_VREAD = Statement(
    select(*HISTORY_COLUMNS).where(
        resource_history.c.tenant == bindparam("tenant"),
        resource_history.c.resource_type == bindparam("resource_type"),
        resource_history.c.resource_id == bindparam("resource_id"),
        resource_history.c.version_id == bindparam("version_id"),
    )
)


def _many(dialect: str) -> Any:
    return select(*VERSION_COLUMNS).where(
        resource.c.tenant == bindparam("tenant"),
        resource.c.resource_type == bindparam("resource_type"),
        any_of(dialect, resource.c.resource_id, "resource_ids"),
    )


_READ_MANY = Statement(_many)
# Sorted within and between types, so that no two transactions wait for each other in a circle.
# A reference to a row does not conflict with a new version of it: NO KEY UPDATE and KEY SHARE.
_LOCK_TO_WRITE = Statement(
    lambda dialect: _many(dialect).order_by(resource.c.resource_id).with_for_update(key_share=True)
)
_LOCK_TO_DELETE = Statement(
    lambda dialect: _many(dialect).order_by(resource.c.resource_id).with_for_update()
)
_LOCK_AS_TARGET = Statement(
    lambda dialect: (
        _many(dialect)
        .with_only_columns(resource.c.resource_type, resource.c.resource_id)
        .where(is_current)
        .order_by(resource.c.resource_id)
        .with_for_update(key_share=True, read=True)
    )
)


def read(
    connection: OpenConnection, tenant_number: int, resource_type: str, resource_id: str
) -> StoredVersion | None:
    """Give the current version or the deletion of a resource."""
    row = _READ.run(
        connection.driver,
        connection.dialect,
        {"tenant": tenant_number, "resource_type": resource_type, "resource_id": resource_id},
    ).fetchone()
    return None if row is None else StoredVersion(*row)


def vread(
    connection: OpenConnection, tenant_number: int, key: ResourceKey, version_id: int
) -> StoredVersion | None:
    """Give one version of a resource."""
    values = {
        "tenant": tenant_number,
        "resource_type": key[0],
        "resource_id": key[1],
        "version_id": version_id,
    }
    row = _VREAD.run(connection.driver, connection.dialect, values).fetchone()
    return None if row is None else StoredVersion(*row)


def read_many(
    connection: OpenConnection, tenant_number: int, keys: Iterable[ResourceKey]
) -> dict[ResourceKey, StoredVersion]:
    """Give the current versions and deletions of those that exist; a statement a type."""
    return _versions(_by_type(connection, tenant_number, _READ_MANY, keys))


def lock_to_write(
    connection: OpenConnection, tenant_number: int, keys: Iterable[ResourceKey]
) -> dict[ResourceKey, StoredVersion]:
    """Lock the rows against other writers, and give what they hold."""
    return _versions(_by_type(connection, tenant_number, _LOCK_TO_WRITE, keys))


def lock_to_delete(
    connection: OpenConnection, tenant_number: int, keys: Iterable[ResourceKey]
) -> None:
    """Lock the rows against writers and against new references to them."""
    _by_type(connection, tenant_number, _LOCK_TO_DELETE, keys)


def lock_as_targets(
    connection: OpenConnection, tenant_number: int, keys: Iterable[ResourceKey]
) -> set[ResourceKey]:
    """Keep those that exist from being deleted until this transaction ends; give them."""
    rows = _by_type(connection, tenant_number, _LOCK_AS_TARGET, keys)
    return {(row[0], row[1]) for row in rows}


def _by_type(
    connection: OpenConnection,
    tenant_number: int,
    statement: Statement,
    keys: Iterable[ResourceKey],
) -> list[Any]:
    rows: list[Any] = []
    for resource_type, group in groupby(sorted(set(keys)), key=lambda key: key[0]):
        values = {
            "tenant": tenant_number,
            "resource_type": resource_type,
            "resource_ids": list_value(connection.dialect, [key[1] for key in group]),
        }
        rows += statement.run(connection.driver, connection.dialect, values).fetchall()
    return rows


def _versions(rows: Iterable[Any]) -> dict[ResourceKey, StoredVersion]:
    versions = [StoredVersion(*row) for row in rows]
    return {version.key: version for version in versions}


def count_types(connection: Connection, tenant_number: int) -> dict[str, int]:
    """Give the number of current resources of each type, counted in an index."""
    statement = (
        select(resource.c.resource_type, func.count())
        .where(resource.c.tenant == tenant_number, is_current)
        .group_by(resource.c.resource_type)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}
