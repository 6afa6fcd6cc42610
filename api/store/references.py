"""Who refers to whom, and locks on the criteria of conditional requests."""

from collections.abc import Collection, Sequence
from hashlib import blake2b
from itertools import groupby

from sqlalchemy import bindparam, func, select

from api.store.connection import OpenConnection
from api.store.dialect import POSTGRESQL, any_of, list_value
from api.store.statement import Statement
from api.store.tables import index_reference, is_current, resource
from api.store.version import Referrer, ResourceKey

_REFERRERS = Statement(
    lambda dialect: (
        select(
            resource.c.resource_type,
            resource.c.resource_id,
            index_reference.c.target_type,
            index_reference.c.target_id,
        )
        .distinct()
        .join(
            resource,
            (resource.c.tenant == index_reference.c.tenant)
            & (resource.c.resource_key == index_reference.c.resource_key),
        )
        .where(
            index_reference.c.tenant == bindparam("tenant"),
            index_reference.c.target_type == bindparam("resource_type"),
            any_of(dialect, index_reference.c.target_id, "resource_ids"),
            is_current,
        )
    )
)
_LOCK = Statement(select(func.pg_advisory_xact_lock(bindparam("key"))))


def referrers(
    connection: OpenConnection, tenant: int, keys: Collection[ResourceKey]
) -> list[Referrer]:
    """Give the current resources that refer to these: who, and to whom; sorted."""
    found: set[Referrer] = set()
    for resource_type, group in groupby(sorted(set(keys)), key=lambda key: key[0]):
        values = {
            "tenant": tenant,
            "resource_type": resource_type,
            "resource_ids": list_value(connection.dialect, [key[1] for key in group]),
        }
        cursor = _REFERRERS.run(connection.driver, connection.dialect, values)
        found.update(Referrer(*row) for row in cursor.fetchall())
    return sorted(found)


def lock_matches(connection: OpenConnection, tenant: int, criteria: Sequence[str]) -> None:
    """Wait until no other transaction works on the same criteria, and keep others waiting.

    In sorted order, so that two transactions never wait for each other. SQLite has one writer at
    a time, and needs no lock.
    """
    if connection.dialect != POSTGRESQL:
        return
    for key in sorted({_lock_key(tenant, text) for text in criteria}):
        _LOCK.run(connection.driver, connection.dialect, {"key": key})


def _lock_key(tenant: int, criteria: str) -> int:
    text = f"{tenant} {criteria}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)
