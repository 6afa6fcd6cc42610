"""The first tables: tenants, resources, their history, and the index tables.

Revision 0001. The tenant is the first column of every key and of every index.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Text that sorts by its bytes, and whole numbers of 64 bits, on both databases.
TEXT: Any = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
LONG: Any = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")

VERSION: dict[str, Any] = {
    "resource_type": TEXT,
    "resource_id": TEXT,
    "version_id": sa.Integer(),
    "last_updated": LONG,
    "content": sa.LargeBinary(),  # NULL when the resource was deleted
    "method": TEXT,
    "change_seq": LONG,
    "resource_key": LONG,
}
# Each index table: its values, and what follows the tenant in its primary key.
INDEX_TABLES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "index_string": (
        {
            "value_start": TEXT,
            "value_folded": TEXT,
            "value_exact": TEXT,
            "ordinal": sa.Integer(),
        },
        ("parameter", "value_start", "resource_key", "ordinal"),
    ),
    "index_token": (
        {"code": TEXT, "system": TEXT},
        ("parameter", "code", "resource_key", "system"),
    ),
    "index_date": (
        {"low": LONG, "high": LONG},
        ("parameter", "low", "resource_key", "high"),
    ),
    "index_number": (
        {"low": TEXT, "high": TEXT},
        ("parameter", "low", "resource_key", "high"),
    ),
    "index_quantity": (
        {
            "low": TEXT,
            "high": TEXT,
            "system": TEXT,
            "code": TEXT,
            "unit": TEXT,
            "ordinal": sa.Integer(),
        },
        ("parameter", "low", "resource_key", "ordinal"),
    ),
    "index_reference": (
        {"target_type": TEXT, "target_id": TEXT},
        ("target_id", "parameter", "resource_key", "target_type"),
    ),
    "index_uri": (
        {"value": TEXT},
        ("parameter", "value", "resource_key"),
    ),
}
TABLES = ("tenant", "resource", "resource_history", "match_key", "server_secret", *INDEX_TABLES)

# What SQLite's planner is told of each index: rows in all, then rows for each value of its first
# column, of its first two, and so on. Without it SQLite takes every index for equally good, and
# reads all of a tenant where one resource is meant. Figures of a large clinic, written down and
# not measured, so that plans are the same on the first day and after years. `ANALYZE` and
# `PRAGMA optimize` would replace them: they are never run.
PLANNER_STATISTICS = {
    "resource": {
        "sqlite_autoindex_resource_1": "1000000 1000000 100000 1",
        "sqlite_autoindex_resource_2": "1000000 1000000 1",
        "resource_tenant_resource_type_resource_key": "1000000 1000000 100000 1",
        "resource_tenant_resource_type_last_updated_resource_key": "1000000 1000000 100000 10 1",
    },
    "index_string": {
        "index_string": "4000000 4000000 200000 20 1 1",
        "index_string_tenant_resource_key_parameter": "4000000 4000000 8 2",
    },
    "index_token": {
        "index_token": "4000000 4000000 200000 200 1 1",
        "index_token_tenant_resource_key_parameter": "4000000 4000000 8 2",
    },
    "index_date": {
        "index_date": "4000000 4000000 200000 20 1 1",
        "index_date_tenant_resource_key_parameter": "4000000 4000000 4 2",
    },
    "index_number": {
        "index_number": "4000000 4000000 200000 200 1 1",
        "index_number_tenant_resource_key_parameter": "4000000 4000000 4 2",
    },
    "index_quantity": {
        "index_quantity": "4000000 4000000 200000 200 1 1",
        "index_quantity_tenant_resource_key_parameter": "4000000 4000000 4 2",
    },
    "index_reference": {
        "index_reference": "4000000 4000000 200 50 1 1",
        "index_reference_tenant_resource_key_parameter": "4000000 4000000 4 2",
    },
    "index_uri": {
        "index_uri": "4000000 4000000 200000 20 1",
        "index_uri_tenant_resource_key_parameter": "4000000 4000000 4 2",
    },
}

IMMUTABLE_ON_SQLITE = """
CREATE TRIGGER resource_history_no_{action} BEFORE {action} ON resource_history
BEGIN
  SELECT RAISE(ABORT, 'resource_history is immutable');
END
"""
REFUSE_ON_POSTGRESQL = """
CREATE FUNCTION resource_history_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'resource_history is immutable' USING ERRCODE = 'restrict_violation';
END
$$
"""
IMMUTABLE_ON_POSTGRESQL = """
CREATE TRIGGER resource_history_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON resource_history
FOR EACH STATEMENT EXECUTE FUNCTION resource_history_is_immutable()
"""


def upgrade() -> None:
    """Create every table, the triggers that guard history, and the first tenant."""
    _create_tenants()
    _create_resources()
    _create_match_keys()
    for name, (values, key) in INDEX_TABLES.items():
        _create_index_table(name, values, key)
    _guard_history()
    if op.get_bind().dialect.name == "sqlite":
        _tell_the_planner()


def downgrade() -> None:
    """Drop every table."""
    for name in reversed(TABLES):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION resource_history_is_immutable()")


def _create(name: str, columns: dict[str, Any], *constraints: Any, **options: Any) -> None:
    nullable = {"content"}
    op.create_table(
        name,
        sa.Column("tenant", sa.Integer(), nullable=False, autoincrement=False),
        *(
            sa.Column(column, kind, nullable=column in nullable, autoincrement=False)
            for column, kind in columns.items()
        ),
        *constraints,
        **options,
    )


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant", *columns, name=f"{table}_primary")


def _unique(table: str, column: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant", column, name=f"{table}_tenant_{column}_unique")


def _create_index(table: str, *columns: str, **options: Any) -> None:
    op.create_index(f"{table}_tenant_{'_'.join(columns)}", table, ["tenant", *columns], **options)


def _create_tenants() -> None:
    numbers = {"name": TEXT, "change_seq": LONG, "last_updated": LONG, "next_resource_key": LONG}
    _create("tenant", numbers, _primary("tenant"))
    op.execute(
        "INSERT INTO tenant (tenant, name, change_seq, last_updated, next_resource_key) "
        "VALUES (1, 'default', 0, 0, 1)"
    )
    secret = {"name": TEXT, "secret": sa.LargeBinary()}
    _create("server_secret", secret, _primary("server_secret", "name"))


def _create_resources() -> None:
    current = {**VERSION, "is_deleted": sa.Boolean()}
    identity = ("resource_type", "resource_id")
    _create(
        "resource", current, _primary("resource", *identity), _unique("resource", "resource_key")
    )
    only_current = {
        "sqlite_where": sa.text("is_deleted = 0"),
        "postgresql_where": sa.text("NOT is_deleted"),
    }
    _create_index("resource", "resource_type", "resource_key", **only_current)
    _create_index("resource", "resource_type", "last_updated", "resource_key", **only_current)
    _create(
        "resource_history",
        VERSION,
        _primary("resource_history", *identity, "version_id"),
        _unique("resource_history", "change_seq"),
    )
    _create_index("resource_history", "resource_type", "change_seq")


def _create_match_keys() -> None:
    columns = {
        "resource_type": TEXT,
        "match_hash": sa.LargeBinary(),
        "resource_key": LONG,
        "change_seq": LONG,
    }
    primary = _primary("match_key", "resource_type", "match_hash")
    _create("match_key", columns, primary, sqlite_with_rowid=False)
    _create_index("match_key", "resource_key")


def _create_index_table(name: str, values: dict[str, Any], key: tuple[str, ...]) -> None:
    ends = {"is_lowest": sa.Boolean(), "is_highest": sa.Boolean()}
    columns = {"resource_key": LONG, "parameter": TEXT, **values, **ends}
    _create(name, columns, _primary(name, *key), sqlite_with_rowid=False)
    _create_index(name, "resource_key", "parameter")


def _tell_the_planner() -> None:
    op.execute("ANALYZE")  # the only way to create the table of statistics
    op.execute("DELETE FROM sqlite_stat1")
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = [
        {"tbl": table, "idx": index, "stat": figures}
        for table, indexes in PLANNER_STATISTICS.items()
        for index, figures in indexes.items()
    ]
    op.bulk_insert(statistics, rows)


def _guard_history() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(IMMUTABLE_ON_SQLITE.format(action=action))
    else:
        op.execute(REFUSE_ON_POSTGRESQL)
        op.execute(IMMUTABLE_ON_POSTGRESQL)
