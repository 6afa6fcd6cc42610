"""Statements that are compiled once and run on the driver itself.

SQLAlchemy's execution of a SELECT by key costs several times what SQLite needs to answer it, so the
few statements that every read and write runs are written in Core, compiled to text when they are
first used, and handed to the driver with positional parameters.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import Executable

from api.store.dialect import text_dialect


class DriverCursor(Protocol):
    """What the store uses of a DBAPI cursor; SQLite's and psycopg's both have it."""

    rowcount: int

    def fetchone(self) -> Any:
        """Give the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Give the rows that are left."""
        ...

    def execute(self, statement: str, parameters: Any = ...) -> Any:
        """Run a statement."""
        ...

    def executemany(self, statement: str, parameters: Any) -> Any:
        """Run a statement once for each set of parameters."""
        ...


class DriverConnection(Protocol):
    """What the store uses of a DBAPI connection."""

    def cursor(self) -> Any:
        """Open a cursor."""
        ...


class Statement:
    """One Core statement whose parameters are all `bindparam`s, as text for either database."""

    __slots__ = ("_compiled", "_core")

    def __init__(self, core: Executable | Callable[[str], Executable]) -> None:
        """Take the statement, or a function that gives it for the name of a database."""
        self._core = core
        self._compiled: dict[str, tuple[str, tuple[str, ...]]] = {}

    def text(self, dialect_name: str) -> tuple[str, tuple[str, ...]]:
        """Give the SQL of a database and the names of its parameters in their order."""
        found = self._compiled.get(dialect_name)
        if found is None:
            core: Any = self._core(dialect_name) if callable(self._core) else self._core
            compiled = core.compile(dialect=text_dialect(dialect_name))
            assert isinstance(compiled, SQLCompiler)  # noqa: S101 - narrows the type for mypy
            found = str(compiled), tuple(compiled.positiontup or ())
            self._compiled[dialect_name] = found
        return found

    def run(
        self, driver: DriverConnection, dialect_name: str, values: Mapping[str, Any]
    ) -> DriverCursor:
        """Run it once; the cursor holds the rows."""
        sql, names = self.text(dialect_name)
        cursor: DriverCursor = driver.cursor()
        cursor.execute(sql, tuple([values[name] for name in names]))
        return cursor

    def run_many(
        self, driver: DriverConnection, dialect_name: str, rows: Iterable[Mapping[str, Any]]
    ) -> int:
        """Run it for each row; give the number of rows it touched.

        Within `OpenConnection.batch` that number is not known yet, and must not be used.
        """
        sql, names = self.text(dialect_name)
        cursor: DriverCursor = driver.cursor()
        cursor.executemany(sql, [tuple([row[name] for name in names]) for row in rows])
        return cursor.rowcount
