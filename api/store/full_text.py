"""The words of resources: an FTS5 table on SQLite, `tsvector` columns on PostgreSQL.

https://www.sqlite.org/fts5.html and https://www.postgresql.org/docs/current/datatype-textsearch.html

Both are handed words that were cut and folded before (`api.fhir.index_words`) and neither's own
parser takes part, so both find the same. Each word begins with its tenant: neither index can have
the tenant as a column of its key.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnClause,
    ColumnElement,
    FromClause,
    Integer,
    bindparam,
    cast,
    column,
    delete,
    insert,
    table,
)

from api.fhir.search_condition import TextTree
from api.store.dialect import POSTGRESQL, TextQuery, TextVector
from api.store.statement import Statement

NAME: Final = "index_text"
KEY_OFFSET: Final = "word_offset"
"""The parameter of statements that hold words on SQLite: what is added to a key for its row id."""

_TENANT_STEP: Final = 2**40
_SIGNS: Final = {"and": "&", "or": "|"}
# No ASCII, so that FTS5's tokenizer of that name keeps a word with its tenant in one piece.
_SEPARATOR: Final = "\u00b7"


def key_offset(tenant: int) -> int:
    """Give what is added to a resource key of this tenant, to be unique among all tenants."""
    return tenant * _TENANT_STEP


def word_rows(dialect: str, alias: str) -> FromClause:
    """Give the rows of words under a name of their own in the statement."""
    texts: list[ColumnClause[Any]] = [column("narrative"), column("content")]
    if dialect == POSTGRESQL:
        return table(NAME, column("tenant", Integer), _key("resource_key"), *texts).alias(alias)
    return table(NAME, _key("rowid"), *texts).alias(alias)


def key_of(dialect: str, rows: FromClause) -> ColumnElement[Any]:
    """Give the resource key of a row."""
    return rows.c.resource_key if dialect == POSTGRESQL else rows.c.rowid - bindparam(KEY_OFFSET)


def is_of(dialect: str, rows: FromClause, key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Give the condition that leaves the row of one resource."""
    if dialect == POSTGRESQL:
        is_of_tenant: ColumnElement[bool] = rows.c.tenant == bindparam("tenant")
        return is_of_tenant & (rows.c.resource_key == key)
    return rows.c.rowid == key + bindparam(KEY_OFFSET)


def holds(dialect: str, rows: FromClause, name: str, parameter: str) -> ColumnElement[bool]:
    """Give the condition that a column holds what `spelt` made of a parameter."""
    asked: ColumnElement[Any] = bindparam(parameter)
    if dialect == POSTGRESQL:
        is_of_tenant: ColumnElement[bool] = rows.c.tenant == bindparam("tenant")
        return is_of_tenant & rows.c[name].op("@@")(cast(asked, TextQuery))
    found: ColumnElement[bool] = rows.c[name].op("MATCH", is_comparison=True)(asked)
    return found


def spelt(dialect: str, tenant: int, tree: TextTree) -> str:
    """Spell what is asked of words for the database."""
    if isinstance(tree, str):
        return _phrase(dialect, tenant, tree)
    word, *sides = tree
    sign = _SIGNS[word] if dialect == POSTGRESQL else word.upper()
    return "(" + f" {sign} ".join(spelt(dialect, tenant, each) for each in sides) + ")"


def _phrase(dialect: str, tenant: int, text: str) -> str:
    is_prefix = text.endswith("*")
    asked = [f"{tenant}{_SEPARATOR}{word}" for word in text.removesuffix("*").split(" ")]
    if dialect == POSTGRESQL:
        return " <-> ".join(f"'{word}'" for word in asked) + (":*" if is_prefix else "")
    return '"' + " ".join(asked) + '"' + (" *" if is_prefix else "")


def row(dialect: str, tenant: int, resource_key: int, texts: Sequence[list[str]]) -> dict[str, Any]:
    """Give the parameters of an insertion: the words of narrative and content."""
    narrative, content = (_document(dialect, tenant, each) for each in texts)
    return {
        "tenant": tenant,
        "resource_key": resource_key + (0 if dialect == POSTGRESQL else key_offset(tenant)),
        "narrative": narrative,
        "content": content,
    }


def key_row(dialect: str, tenant: int, resource_key: int) -> dict[str, Any]:
    """Give the parameters of a deletion."""
    offset = 0 if dialect == POSTGRESQL else key_offset(tenant)
    return {"tenant": tenant, "resource_key": resource_key + offset}


def _document(dialect: str, tenant: int, words: list[str]) -> str:
    start = f"{tenant}{_SEPARATOR}"
    if dialect == POSTGRESQL:
        return " ".join([f"'{start}{word}':{place}" for place, word in enumerate(words, 1)])
    return " ".join([start + word for word in words])


def _key(name: str) -> ColumnClause[Any]:
    return column(name, BigInteger)


def _insert(dialect: str) -> Any:
    texts = ("narrative", "content")
    if dialect == POSTGRESQL:
        into = table(NAME, *map(column, ("tenant", "resource_key", *texts)))
        values: dict[str, Any] = {each: cast(bindparam(each), TextVector) for each in texts}
        values |= {each: bindparam(each) for each in ("tenant", "resource_key")}
        return insert(into).values(values)
    into = table(NAME, *map(column, ("rowid", *texts)))
    values = {each: bindparam(each) for each in texts}
    return insert(into).values(values | {"rowid": bindparam("resource_key")})


def _delete(dialect: str) -> Any:
    if dialect == POSTGRESQL:
        rows = table(NAME, column("tenant"), column("resource_key"))
        is_of_tenant = rows.c.tenant == bindparam("tenant")
        return delete(rows).where(is_of_tenant, rows.c.resource_key == bindparam("resource_key"))
    rows = table(NAME, column("rowid"))
    return delete(rows).where(rows.c.rowid == bindparam("resource_key"))


INSERT: Final = Statement(_insert)
DELETE: Final = Statement(_delete)
