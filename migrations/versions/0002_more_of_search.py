"""More of search: composite parameters, places, and the words of resources.

Revision 0002. Resources that are there already get their new index rows when a server first opens
the database, which knows the base URL and the time zone that references and dates are read with.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from api.store.dialect import TextVector

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT: Any = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
LONG: Any = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
INDEX_VERSION = 2

INDEX_TABLES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "index_composite": (
        {
            "first_low": TEXT,
            "first_system": TEXT,
            "second_low": TEXT,
            "second_high": TEXT,
            "second_system": TEXT,
            "second_code": TEXT,
            "second_unit": TEXT,
            "third_low": TEXT,
            "third_high": TEXT,
            "ordinal": sa.Integer(),
        },
        ("parameter", "first_low", "second_low", "resource_key", "ordinal"),
    ),
    "index_position": (
        {"x": sa.Double(), "y": sa.Double(), "z": sa.Double()},
        ("parameter", "x", "resource_key", "y", "z"),
    ),
}
# As in revision 0001.
PLANNER_STATISTICS = {
    "index_composite": {
        "index_composite": "4000000 4000000 200000 200 20 1 1",
        "index_composite_tenant_resource_key_parameter": "4000000 4000000 4 2",
    },
    "index_position": {
        "index_position": "100000 100000 100000 10 1 1 1",
        "index_position_tenant_resource_key_parameter": "100000 100000 1 1",
    },
}
# Only the words are kept, not the text. SQLite before 3.43 cannot remove a row of such a table.
FTS5 = "CREATE VIRTUAL TABLE index_text USING fts5(narrative, content, {options}tokenize='ascii')"
WITHOUT_TEXT = "content='', contentless_delete=1, "


def upgrade() -> None:
    """Create the tables, and say that the rows of what is stored are still to be made."""
    for name, (values, key) in INDEX_TABLES.items():
        _create_index_table(name, values, key)
    _create_words()
    if op.get_bind().dialect.name == "sqlite":
        _tell_the_planner()
    column = sa.Column("index_version", sa.Integer(), nullable=False, server_default="1")
    op.add_column("tenant", column)
    op.execute(
        f"UPDATE tenant SET index_version = {INDEX_VERSION} WHERE NOT EXISTS"  # noqa: S608
        " (SELECT 1 FROM resource WHERE resource.tenant = tenant.tenant)"
    )


def downgrade() -> None:
    """Drop the tables; the older program does not look for what else is indexed."""
    op.drop_column("tenant", "index_version")
    for name in ("index_text", *INDEX_TABLES):
        op.drop_table(name)


def _create_index_table(name: str, values: dict[str, Any], key: tuple[str, ...]) -> None:
    columns = {"tenant": sa.Integer(), "resource_key": LONG, "parameter": TEXT, **values}
    op.create_table(
        name,
        *(
            sa.Column(column, kind, nullable=False, autoincrement=False)
            for column, kind in columns.items()
        ),
        sa.PrimaryKeyConstraint("tenant", *key, name=f"{name}_primary"),
        sqlite_with_rowid=False,
    )
    keys = ["tenant", "resource_key", "parameter"]
    op.create_index(f"{name}_{'_'.join(keys)}", name, keys)


def _tell_the_planner() -> None:
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = [
        {"tbl": table, "idx": index, "stat": figures}
        for table, indexes in PLANNER_STATISTICS.items()
        for index, figures in indexes.items()
    ]
    op.bulk_insert(statistics, rows)


def _create_words() -> None:
    if op.get_bind().dialect.name == "sqlite":
        found = op.get_bind().exec_driver_sql("SELECT sqlite_version()").scalar_one()
        version = tuple(int(part) for part in found.split("."))
        op.execute(FTS5.format(options=WITHOUT_TEXT if version >= (3, 43) else ""))
        return
    op.create_table(
        "index_text",
        sa.Column("tenant", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("resource_key", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("narrative", TextVector(), nullable=False),
        sa.Column("content", TextVector(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "resource_key", name="index_text_primary"),
    )
    for column in ("narrative", "content"):
        name = f"index_text_{column}"
        op.create_index(name, "index_text", [column], postgresql_using="gin")
