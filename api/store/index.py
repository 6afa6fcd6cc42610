"""Index rows: replaced with each version, removed with a deletion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert

from api.fhir.index_nodes import Context
from api.fhir.index_values import COLUMNS, SORTED_TABLES, index_values
from api.fhir.index_words import content_words, narrative_words
from api.store import full_text
from api.store.connection import OpenConnection
from api.store.statement import Statement
from api.store.tables import INDEX_TABLES

_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    name: (
        "tenant",
        "resource_key",
        *columns,
        *(("is_lowest", "is_highest") if name in SORTED_TABLES else ()),
    )
    for name, columns in COLUMNS.items()
}
_INSERTS: Final = {table.name: Statement(insert(table)) for table in INDEX_TABLES}
_DELETES: Final = tuple(
    Statement(
        delete(table).where(
            table.c.tenant == bindparam("tenant"),
            table.c.resource_key == bindparam("resource_key"),
        )
    )
    for table in INDEX_TABLES
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource whose index rows are to be written anew; `resource` None leaves it without any.

    `is_new` says that there are no rows of it yet.
    """

    resource_key: int
    resource_type: str
    resource: dict[str, Any] | None
    is_new: bool
    context: Context


def replace(connection: OpenConnection, tenant: int, entries: Sequence[Entry]) -> None:
    """Remove the old index rows of these resources and write the new ones, batched by table."""
    old = [
        {"tenant": tenant, "resource_key": each.resource_key} for each in entries if not each.is_new
    ]
    if old:
        for statement in _DELETES:
            statement.run_many(connection.driver, connection.dialect, old)
        keys = [full_text.key_row(connection.dialect, tenant, each["resource_key"]) for each in old]
        full_text.DELETE.run_many(connection.driver, connection.dialect, keys)
    for table, rows in _rows(tenant, entries).items():
        _INSERTS[table].run_many(connection.driver, connection.dialect, rows)
    texts = _texts(connection.dialect, tenant, entries)
    if texts:
        full_text.INSERT.run_many(connection.driver, connection.dialect, texts)


def _rows(tenant: int, entries: Sequence[Entry]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        if entry.resource is None:
            continue
        found = index_values(entry.resource, entry.resource_type, entry.context)
        for table, values in found.items():
            columns = _COLUMNS[table]
            rows.setdefault(table, []).extend(
                dict(zip(columns, (tenant, entry.resource_key, *each), strict=True))
                for each in values
            )
    return rows


def _texts(dialect: str, tenant: int, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    return [
        full_text.row(
            dialect,
            tenant,
            entry.resource_key,
            (narrative_words(entry.resource), content_words(entry.resource)),
        )
        for entry in entries
        if entry.resource is not None
    ]
