"""Statements as they reach the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from api.store import statement as statements


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that reaches the database, by SQLAlchemy or by the driver."""
    seen: list[tuple[str, Any]] = []
    run, run_many = statements.Statement.run, statements.Statement.run_many

    def note(self: statements.Statement, driver: Any, dialect: str, values: Any) -> Any:
        sql, names = self.text(dialect)
        seen.append((sql, tuple(values[name] for name in names)))
        return run(self, driver, dialect, values)

    def note_many(self: statements.Statement, driver: Any, dialect: str, rows: Any) -> Any:
        rows = list(rows)
        sql, names = self.text(dialect)
        seen.append((sql, tuple(rows[0][name] for name in names)))
        return run_many(self, driver, dialect, rows)

    def on_execute(_c: Any, _u: Any, sql: str, parameters: Any, _x: Any, _m: Any) -> None:
        seen.append((sql, parameters))

    monkeypatch.setattr(statements.Statement, "run", note)
    monkeypatch.setattr(statements.Statement, "run_many", note_many)
    event.listen(Engine, "before_cursor_execute", on_execute)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", on_execute)
