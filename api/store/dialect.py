"""Where SQLite and PostgreSQL differ in SQL, and nowhere else.

The only module that may name a dialect. Everything else in the store is one SQLAlchemy Core
expression for both.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Exists,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import UserDefinedType
from typing_extensions import override

SQLITE = "sqlite"
POSTGRESQL = "postgresql"

#: Text that sorts by its bytes on both databases: SQLite's default, and `COLLATE "C"`, so that
#: pages come in the same order everywhere and a prefix is found through the index.
OrderedText = Text().with_variant(Text(collation="C"), POSTGRESQL)
#: A whole number of 64 bits. SQLite knows only INTEGER, and gives it the same range.
Integer64 = BigInteger().with_variant(Integer(), SQLITE)

_EXPLAIN = {SQLITE: "EXPLAIN QUERY PLAN ", POSTGRESQL: "EXPLAIN "}
_PARAMETER_STYLES = {SQLITE: "qmark", POSTGRESQL: "format"}


class TextVector(UserDefinedType[str]):
    """PostgreSQL's words of a text, each with its places."""

    cache_ok = True

    @override
    def get_col_spec(self, **_options: Any) -> str:
        """Give the name of the type in SQL."""
        return "TSVECTOR"


class TextQuery(UserDefinedType[str]):
    """What PostgreSQL asks of the words of a text."""

    cache_ok = True

    @override
    def get_col_spec(self, **_options: Any) -> str:
        """Give the name of the type in SQL."""
        return "TSQUERY"


@cache
def text_dialect(name: str) -> Dialect:
    """Give the dialect that compiles a statement once to text with positional parameters.

    Raises KeyError for a database that is neither SQLite nor PostgreSQL.
    """
    dialect: Dialect = _module(name).dialect(paramstyle=_PARAMETER_STYLES[name])
    return dialect


def insert_or(name: str, table: Table) -> Any:
    """Give an INSERT that takes `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return _module(name).insert(table)


def any_of(name: str, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """Give the condition that a column is one of a list that comes as a single parameter.

    The statement keeps its text whatever the length of the list, so it is compiled only once.
    `list_value` gives the parameter its value.
    """
    if name == POSTGRESQL:
        kind = BigInteger if isinstance(column.type, BigInteger) else Text
        return column == func.any(bindparam(parameter, type_=ARRAY(kind)))
    items = func.json_each(bindparam(parameter)).table_valued("value")
    return column.in_(select(items.c.value))


def joined(name: str, column: ColumnElement[Any]) -> ColumnElement[str]:
    """Give the texts of a group, each once, with spaces between them."""
    if name == POSTGRESQL:
        return func.string_agg(column.distinct(), literal_column("' '"))
    # The only separator that SQLite takes beside DISTINCT is its own, a comma.
    return func.replace(
        func.group_concat(column.distinct()), literal_column("','"), literal_column("' '")
    )


def as_ordered_text(name: str, value: ColumnElement[Any]) -> ColumnElement[str]:
    """Give a value as text that is compared as `OrderedText` is."""
    text = cast(value, Text)
    return text.collate("C") if name == POSTGRESQL else text


def probe(name: str, joined: ColumnElement[bool]) -> Exists:
    """Give an EXISTS over several tables that is asked of each row by itself.

    PostgreSQL would rather join everything at once, and before its first statistics it believes
    that every table has one row, which makes that join a matter of hours.
    """
    asked: Select[Any] = select(literal_column("1")).where(joined)
    return (asked.offset(literal_column("0")) if name == POSTGRESQL else asked).exists()


def explaining(name: str, sql: str) -> str:
    """Give the statement that tells how the database would run another."""
    return _EXPLAIN[name] + sql


def list_value(name: str, items: Sequence[str | int]) -> Any:
    """Give a list the form in which the database's driver takes it as one parameter."""
    return list(items) if name == POSTGRESQL else json.dumps(items)


def _module(name: str) -> Any:
    """Load a dialect when its database is used: PostgreSQL's is dear to load."""
    return import_module(f"sqlalchemy.dialects.{name}")
