"""Rows of `tenant` and its secrets."""

from secrets import token_bytes

from sqlalchemy import bindparam, select

from api.store.connection import OpenConnection
from api.store.dialect import insert_or
from api.store.statement import Statement
from api.store.tables import server_secret, tenant

FIRST_TENANT = 1
_SECRET_BYTES = 32
INDEX_VERSION = 2
"""Of the rules by which index rows are made: one more whenever older rows do not follow them."""

_LAST_CHANGE = Statement(select(tenant.c.change_seq).where(tenant.c.tenant == bindparam("tenant")))


def last_change(connection: OpenConnection, tenant_number: int) -> int:
    """Give the last `change_seq` that is visible."""
    values = {"tenant": tenant_number}
    row = _LAST_CHANGE.run(connection.driver, connection.dialect, values).fetchone()
    return int(row[0])


def add(connection: OpenConnection, tenant_number: int, name: str) -> None:
    """Add a tenant; one that is there already stays as it is."""
    connection.core.execute(
        insert_or(connection.dialect, tenant)
        .values(
            tenant=tenant_number,
            name=name,
            change_seq=0,
            last_updated=0,
            next_resource_key=1,
            index_version=INDEX_VERSION,
        )
        .on_conflict_do_nothing()
    )


def secret(connection: OpenConnection, tenant_number: int, name: str) -> bytes:
    """Give a secret of the tenant, making it when it is asked for the first time."""
    connection.core.execute(
        insert_or(connection.dialect, server_secret)
        .values(tenant=tenant_number, name=name, secret=token_bytes(_SECRET_BYTES))
        .on_conflict_do_nothing()
    )
    found = connection.core.execute(
        select(server_secret.c.secret).where(
            server_secret.c.tenant == tenant_number, server_secret.c.name == name
        )
    )
    return bytes(found.scalar_one())
