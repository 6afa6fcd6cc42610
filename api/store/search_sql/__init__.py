"""Search in SQL: a SearchQuery becomes one statement a page."""

from typing import Any, Final

from api.fhir.search_query import SearchQuery
from api.store.connection import OpenConnection
from api.store.dialect import list_value
from api.store.paging import Cursor, Direction, SearchPage
from api.store.rows import VERSION_COLUMNS
from api.store.search_sql.shape import Parameters, parameters_of
from api.store.search_sql.statements import count_statement, page_statement
from api.store.version import StoredVersion

_FIELDS: Final = len(VERSION_COLUMNS)
_RESOURCE_KEY: Final = [column.name for column in VERSION_COLUMNS].index("resource_key")


def page(
    connection: OpenConnection, tenant: int, query: SearchQuery, cursor: Cursor | None = None
) -> SearchPage:
    """Give the first page of a search, or the page beside a cursor; deletions never match.

    One statement, and one more when the query asks for a total that the page does not tell.
    """
    if query.count == 0:
        return SearchPage([], total=count(connection, tenant, query))
    rows = _rows(connection, tenant, query, cursor)
    has_more = len(rows) > query.count
    rows = rows[: query.count]
    is_backward = cursor is not None and cursor.direction == "previous"
    if is_backward:
        # They were read away from the cursor, so the row too many was the furthest from it.
        rows.reverse()
    found = SearchPage([StoredVersion(*row[:_FIELDS]) for row in rows])
    if rows and (has_more or is_backward):
        found.next = _cursor("next", rows[-1])
    if rows and (has_more if is_backward else cursor is not None):
        found.previous = _cursor("previous", rows[0])
    is_whole = cursor is None and not has_more
    found.total = len(rows) if is_whole and query.total != "none" else None
    if not is_whole and query.total in ("accurate", "estimate"):
        found.total = count(connection, tenant, query)
    return found


def count(connection: OpenConnection, tenant: int, query: SearchQuery) -> int:
    """Give the number of resources that match; one statement."""
    parameters = parameters_of(query, tenant, None)
    statement = count_statement(parameters.shape.conditions)
    found = statement.run(connection.driver, connection.dialect, _values(connection, parameters))
    return int(found.fetchone()[0])


def _rows(
    connection: OpenConnection, tenant: int, query: SearchQuery, cursor: Cursor | None
) -> list[tuple[Any, ...]]:
    """Give one row more than the page holds, if there is one, to know whether more follow."""
    parameters = parameters_of(query, tenant, cursor)
    values = _values(connection, parameters) | {"limit": query.count + 1}
    statement = page_statement(parameters.shape)
    return list(statement.run(connection.driver, connection.dialect, values).fetchall())


def _values(connection: OpenConnection, parameters: Parameters) -> dict[str, Any]:
    lists = {name: list_value(connection.dialect, each) for name, each in parameters.lists.items()}
    return parameters.values | lists


def _cursor(direction: Direction, row: tuple[Any, ...]) -> Cursor:
    return Cursor(direction, (*row[_FIELDS:], row[_RESOURCE_KEY]))
