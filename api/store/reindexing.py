"""Index rows made anew when a newer program makes them by other rules.

Runs when a store is opened, once for each tenant and version of the rules, within one transaction:
whoever reads meanwhile finds the older rows, and other writers wait.
"""

from typing import Any

from sqlalchemy import Connection, select, update

from api.fhir.index_nodes import Context
from api.fhir.lexical import parse
from api.store import index
from api.store.connection import OpenConnection
from api.store.tables import is_current, resource, tenant
from api.store.tenants import INDEX_VERSION

_BATCH = 500


def outdated_tenants(connection: Connection) -> list[int]:
    """Give the tenants whose index rows were made by older rules."""
    found = connection.execute(
        select(tenant.c.tenant).where(tenant.c.index_version < INDEX_VERSION)
    )
    return list(found.scalars())


def reindex(connection: OpenConnection, tenant_number: int, context: Context) -> int:
    """Make all index rows of a tenant anew; give the number of its resources."""
    is_tenant = tenant.c.tenant == tenant_number
    # Taken first, as every writer does, so that nobody writes rows between ours.
    row = select(tenant.c.index_version).where(is_tenant).with_for_update()
    if connection.core.execute(row).scalar_one() >= INDEX_VERSION:
        return 0
    done, last = 0, -1
    while entries := _batch(connection.core, tenant_number, last, context):
        index.replace(connection, tenant_number, entries)
        done, last = done + len(entries), entries[-1].resource_key
    connection.core.execute(update(tenant).where(is_tenant).values(index_version=INDEX_VERSION))
    return done


def _batch(
    connection: Connection, tenant_number: int, after: int, context: Context
) -> list[index.Entry]:
    found = connection.execute(
        select(resource.c.resource_key, resource.c.resource_type, resource.c.content)
        .where(resource.c.tenant == tenant_number, resource.c.resource_key > after, is_current)
        .order_by(resource.c.resource_key)
        .limit(_BATCH)
    )
    entries = []
    for key, kind, content in found:
        stored: Any = parse(content)
        entries.append(index.Entry(key, kind, stored, is_new=False, context=context))
    return entries
