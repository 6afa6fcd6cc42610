"""Writing the versions of one transaction: a few statements a table, however many resources.

The sequence row of the tenant is taken first. Whoever holds it is the only writer of the tenant
until it has committed, so numbers and instants are given in the order of commits, and a reader that
remembers the last `change_seq` it has seen never misses one.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import bindparam, case, delete, insert, update

from api.fhir.resource import stamp
from api.store.connection import OpenConnection
from api.store.dialect import insert_or
from api.store.failures import raced
from api.store.statement import Statement
from api.store.tables import match_key, resource, resource_history, tenant
from api.store.version import Change, ResourceKey, StoredVersion

_MILLISECOND = 1_000

_floor = bindparam("floor", type_=tenant.c.last_updated.type)
_TAKE_NUMBERS = Statement(
    update(tenant)
    .where(tenant.c.tenant == bindparam("of_tenant"))
    .values(
        change_seq=tenant.c.change_seq + bindparam("changes"),
        next_resource_key=tenant.c.next_resource_key + bindparam("new"),
        last_updated=case((tenant.c.last_updated < _floor, _floor), else_=tenant.c.last_updated),
    )
    .returning(tenant.c.change_seq, tenant.c.next_resource_key, tenant.c.last_updated)
)
_INSERT = Statement(insert(resource))
_INSERT_HISTORY = Statement(insert(resource_history))
_CHANGED = ("version_id", "last_updated", "content", "method", "change_seq", "is_deleted")
_UPDATE = Statement(
    update(resource)
    .where(
        resource.c.tenant == bindparam("of_tenant"),
        resource.c.resource_type == bindparam("of_type"),
        resource.c.resource_id == bindparam("of_id"),
    )
    .values({name: bindparam(name) for name in _CHANGED})
)
_FORGET_MATCHES = Statement(
    delete(match_key).where(
        match_key.c.tenant == bindparam("tenant"),
        match_key.c.resource_key == bindparam("resource_key"),
    )
)


def _remember_match(dialect: str) -> object:
    statement = insert_or(dialect, match_key)
    return statement.on_conflict_do_update(
        index_elements=["tenant", "resource_type", "match_hash"],
        set_={
            "resource_key": statement.excluded.resource_key,
            "change_seq": statement.excluded.change_seq,
        },
        where=match_key.c.change_seq <= bindparam("seen"),
    )


_REMEMBER_MATCH = Statement(_remember_match)  # type: ignore[arg-type]  # an Insert is run as any statement is


class Numbers(NamedTuple):
    """What the tenant's sequence row gave this transaction."""

    change_seq: int  # of the first change
    resource_key: int  # of the first new resource
    last_updated: int


def match_hash(criteria: str) -> bytes:
    """Give the short form of the criteria of a conditional request."""
    return blake2b(criteria.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def take_numbers(
    connection: OpenConnection, tenant_number: int, changes: Sequence[Change], now: int
) -> Numbers:
    """Lock the tenant's sequence row and take numbers for the changes.

    `last_updated` is the clock, but never before a commit that came earlier, and always at least
    a millisecond after the previous version of each resource.
    """
    previous = [change.previous for change in changes if change.previous is not None]
    new = len(changes) - len(previous)
    latest = max((version.last_updated for version in previous), default=0)
    row = _TAKE_NUMBERS.run(
        connection.driver,
        connection.dialect,
        {
            "of_tenant": tenant_number,
            "changes": len(changes),
            "new": new,
            "floor": max(now - now % _MILLISECOND, latest + _MILLISECOND),
        },
    ).fetchone()
    if row is None:
        raise LookupError(f"There is no tenant {tenant_number}.")
    return Numbers(row[0] - len(changes) + 1, row[1] - new, row[2])


def versions_of(changes: Sequence[Change], numbers: Numbers) -> list[StoredVersion]:
    """Build the versions that the changes become, with the text that is stored and served."""
    versions: list[StoredVersion] = []
    resource_key = numbers.resource_key
    for offset, change in enumerate(changes):
        previous = change.previous
        version_id = 1 if previous is None else previous.version_id + 1
        key = resource_key if previous is None else previous.resource_key
        resource_key += previous is None
        content = None
        if change.resource is not None:
            content = stamp(change.resource, change.resource_id, version_id, numbers.last_updated)
        versions.append(
            StoredVersion(
                change.resource_type,
                change.resource_id,
                version_id,
                numbers.last_updated,
                content,
                change.method,
                numbers.change_seq + offset,
                key,
            )
        )
    return versions


def write_rows(
    connection: OpenConnection,
    tenant_number: int,
    changes: Sequence[Change],
    versions: Sequence[StoredVersion],
) -> None:
    """Write current versions and history.

    Of two writers who build on the same version the second finds its number taken in the history,
    of two creators also the name: a unique violation, which is Retryable.
    """
    inserts: list[dict[str, object]] = []
    updates: list[dict[str, object]] = []
    history: list[dict[str, object]] = []
    for change, version in zip(changes, versions, strict=True):
        row = _row(tenant_number, version)
        history.append(row)
        if change.previous is None:
            inserts.append(row)
        else:
            row["of_tenant"] = tenant_number
            row["of_type"] = version.resource_type
            row["of_id"] = version.resource_id
            updates.append(row)
    _INSERT_HISTORY.run_many(connection.driver, connection.dialect, history)
    if inserts:
        _INSERT.run_many(connection.driver, connection.dialect, inserts)
    if updates:
        _UPDATE.run_many(connection.driver, connection.dialect, updates)
        _FORGET_MATCHES.run_many(connection.driver, connection.dialect, updates)


def remember_matches(
    connection: OpenConnection,
    tenant_number: int,
    matches: Mapping[ResourceKey, str],
    versions: Sequence[StoredVersion],
    seen: int,
) -> None:
    """Note which criteria each new resource was created under.

    `seen` is the last `change_seq` that was visible when the criteria were searched for. A note
    that is younger was made by someone else meanwhile: raises Retryable.
    """
    rows = [
        {
            "tenant": tenant_number,
            "resource_type": version.resource_type,
            "match_hash": match_hash(matches[version.key]),
            "resource_key": version.resource_key,
            "change_seq": version.change_seq,
            "seen": seen,
        }
        for version in versions
        if version.key in matches
    ]
    if rows and _REMEMBER_MATCH.run_many(connection.driver, connection.dialect, rows) != len(rows):
        raise raced()


def _row(tenant_number: int, version: StoredVersion) -> dict[str, object]:
    return {
        "tenant": tenant_number,
        "resource_type": version.resource_type,
        "resource_id": version.resource_id,
        "version_id": version.version_id,
        "last_updated": version.last_updated,
        "content": version.content,
        "method": version.method,
        "change_seq": version.change_seq,
        "resource_key": version.resource_key,
        "is_deleted": version.content is None,
    }
