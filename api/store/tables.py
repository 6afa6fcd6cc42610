"""Every table of the store. The tenant is the first column of every key and of every index.

A current version is a row of `resource`, bytes ready to send; a deleted resource keeps its row with
`content` NULL. `resource_history` holds every version for good: triggers refuse to change it. The
`index_*` tables hold the search values of current versions only; their words stand in `index_text`,
which is of another make on each database (`api.store.full_text`).

`resource_key` is a small number that stands for a resource within its tenant for as long as the
tenant lives, so that index rows are short; clients never see it. `change_seq` numbers the versions
of a tenant in the order in which they were committed. Instants are microseconds since 1970 (UTC).
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from api.fhir.index_composite import COMPOSITE_COLUMNS
from api.store.dialect import Integer64, OrderedText

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_primary",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "ix": "%(table_name)s_%(column_0_N_name)s",
    }
)


def _required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, autoincrement=False)


def _tenant() -> Column[Any]:
    return _required("tenant", Integer)


def _version_columns() -> list[Column[Any]]:
    return [
        _tenant(),
        _required("resource_type", OrderedText),
        _required("resource_id", OrderedText),
        _required("version_id", Integer),
        _required("last_updated", Integer64),
        Column("content", LargeBinary),
        _required("method", OrderedText),
        _required("change_seq", Integer64),
        _required("resource_key", Integer64),
    ]


tenant = Table(
    "tenant",
    metadata,
    _tenant(),
    _required("name", OrderedText),
    _required("change_seq", Integer64),
    _required("last_updated", Integer64),
    _required("next_resource_key", Integer64),
    # Of the rules by which the index rows of this tenant were made; see `api.store.reindexing`.
    _required("index_version", Integer),
    PrimaryKeyConstraint("tenant"),
)

resource = Table(
    "resource",
    metadata,
    *_version_columns(),
    _required("is_deleted", Boolean),
    PrimaryKeyConstraint("tenant", "resource_type", "resource_id"),
    UniqueConstraint("tenant", "resource_key"),
)
#: The condition of current versions, spelled as the partial indexes spell it so that they are used.
is_current = ~resource.c.is_deleted
for _sorted_by in (("resource_key",), ("last_updated", "resource_key")):
    Index(
        None,
        resource.c.tenant,
        resource.c.resource_type,
        *(resource.c[name] for name in _sorted_by),
        sqlite_where=is_current,
        postgresql_where=is_current,
    )

resource_history = Table(
    "resource_history",
    metadata,
    *_version_columns(),
    PrimaryKeyConstraint("tenant", "resource_type", "resource_id", "version_id"),
    UniqueConstraint("tenant", "change_seq"),
    Index(None, "tenant", "resource_type", "change_seq"),
)

match_key = Table(
    "match_key",
    metadata,
    _tenant(),
    _required("resource_type", OrderedText),
    _required("match_hash", LargeBinary),
    _required("resource_key", Integer64),
    _required("change_seq", Integer64),
    PrimaryKeyConstraint("tenant", "resource_type", "match_hash"),
    Index(None, "tenant", "resource_key"),
    sqlite_with_rowid=False,
)

server_secret = Table(
    "server_secret",
    metadata,
    _tenant(),
    _required("name", OrderedText),
    _required("secret", LargeBinary),
    PrimaryKeyConstraint("tenant", "name"),
)


def _index_table(
    name: str, *values: Column[Any], key: tuple[str, ...], is_sorted: bool = True
) -> Table:
    """Make one index table, whose primary key is the index that searches read.

    The second index finds the rows of one resource: to remove them, and to probe for them. Where
    `_sort` may ask, one row of each parameter and resource is the lowest and one the highest.
    """
    ends = ("is_lowest", "is_highest") if is_sorted else ()
    return Table(
        name,
        metadata,
        _tenant(),
        _required("resource_key", Integer64),
        _required("parameter", OrderedText),
        *values,
        *(_required(each, Boolean) for each in ends),
        PrimaryKeyConstraint("tenant", *key),
        Index(None, "tenant", "resource_key", "parameter"),
        sqlite_with_rowid=False,
    )


index_string = _index_table(
    "index_string",
    _required("value_start", OrderedText),
    _required("value_folded", OrderedText),
    _required("value_exact", OrderedText),
    _required("ordinal", Integer),
    key=("parameter", "value_start", "resource_key", "ordinal"),
)
index_token = _index_table(
    "index_token",
    _required("code", OrderedText),
    _required("system", OrderedText),
    key=("parameter", "code", "resource_key", "system"),
)
index_date = _index_table(
    "index_date",
    _required("low", Integer64),
    _required("high", Integer64),
    key=("parameter", "low", "resource_key", "high"),
)
index_number = _index_table(
    "index_number",
    _required("low", OrderedText),
    _required("high", OrderedText),
    key=("parameter", "low", "resource_key", "high"),
)
index_quantity = _index_table(
    "index_quantity",
    _required("low", OrderedText),
    _required("high", OrderedText),
    _required("system", OrderedText),
    _required("code", OrderedText),
    _required("unit", OrderedText),
    _required("ordinal", Integer),
    key=("parameter", "low", "resource_key", "ordinal"),
)
index_reference = _index_table(
    "index_reference",
    _required("target_type", OrderedText),
    _required("target_id", OrderedText),
    key=("target_id", "parameter", "resource_key", "target_type"),
)
index_uri = _index_table(
    "index_uri",
    _required("value", OrderedText),
    key=("parameter", "value", "resource_key"),
)
index_composite = _index_table(
    "index_composite",
    *(_required(name, OrderedText) for name in COMPOSITE_COLUMNS),
    _required("ordinal", Integer),
    key=("parameter", "first_low", "second_low", "resource_key", "ordinal"),
    is_sorted=False,
)
index_position = _index_table(
    "index_position",
    *(_required(name, Double) for name in ("x", "y", "z")),
    key=("parameter", "x", "resource_key", "y", "z"),
    is_sorted=False,
)

INDEX_TABLES = (
    index_string,
    index_token,
    index_date,
    index_number,
    index_quantity,
    index_reference,
    index_uri,
    index_composite,
    index_position,
)
