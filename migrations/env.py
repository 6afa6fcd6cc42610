"""Runs migrations, within the transaction that api.store.migration has opened.

The `alembic` command works too, on the database that the settings name, for writing new revisions:
`alembic revision --autogenerate -m "what changes"`.
"""

from typing import Any

from alembic import context
from sqlalchemy import Connection

from api.settings import Settings
from api.store import migration
from api.store.tables import metadata


def run(connection: Connection) -> None:
    """Run what was asked for; the caller commits."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite can undo a CREATE TABLE; Alembic only assumes that drivers get in the way.
        transactional_ddl=True,
        transaction_per_migration=False,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Any = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with migration.owned(Settings.from_environment().database) as opened:
        run(opened)
