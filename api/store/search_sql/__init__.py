"""Search in SQL: a SearchQuery becomes one statement a page.

One more brings matches that were updated since the walk began back to their place, and one more
counts, when the query asks for a total that the page does not tell.
"""

from typing import Any, Final

from api.fhir.search_query import SearchQuery
from api.store import full_text
from api.store.connection import OpenConnection
from api.store.dialect import explaining, list_value
from api.store.paging import Cursor, Direction, SearchPage
from api.store.search_sql.shape import Parameters, parameters_of
from api.store.search_sql.statements import count_statement, moved_statement, page_statement
from api.store.search_sql.walk import Placed, page_of, placed, placed_as_before

_RESOURCE: Final = "resource"


def page(
    connection: OpenConnection, tenant: int, query: SearchQuery, cursor: Cursor | None = None
) -> SearchPage:
    """Give the first page of a search, or the page beside a cursor; deletions never match."""
    if query.count == 0:
        return SearchPage([], total=count(connection, tenant, query))
    moved: list[Placed] = []
    if cursor is not None and cursor.watermark is not None:
        moved = _moved(connection, tenant, query, cursor.watermark)
    rows = _rows(connection, tenant, query, cursor, moved)
    found = [placed(row, query) for row in rows]
    if cursor is not None and moved:
        found = page_of(found, moved, query, cursor)
    watermark = cursor.watermark if cursor else (int(rows[0][-1]) if rows and query.sort else None)
    return _page(connection, tenant, query, (found, cursor, watermark))


def count(connection: OpenConnection, tenant: int, query: SearchQuery) -> int:
    """Give the number of resources that match; one statement."""
    parameters = parameters_of(query, tenant, None)
    statement = count_statement(parameters.shape._replace(sort=(), cursor=None))
    values = _values(connection, tenant, parameters)
    found = statement.run(connection.driver, connection.dialect, values)
    return int(found.fetchone()[0])


def plan(connection: OpenConnection, tenant: int, query: SearchQuery) -> list[str]:
    """Give the lines of the database's own plan for the first page of a search."""
    parameters = parameters_of(query, tenant, None)
    values = _values(connection, tenant, parameters) | {"limit": query.count + 1}
    sql, names = page_statement(parameters.shape).text(connection.dialect)
    cursor = connection.driver.cursor()
    cursor.execute(explaining(connection.dialect, sql), tuple(values[name] for name in names))
    return [str(row[-1]) for row in cursor.fetchall()]


def _page(
    connection: OpenConnection,
    tenant: int,
    query: SearchQuery,
    walk: tuple[list[Placed], Cursor | None, int | None],
) -> SearchPage:
    """Cut the row too many off, and say where the pages beside this one start."""
    found, cursor, watermark = walk
    has_more = len(found) > query.count
    found = found[: query.count]
    is_backward = cursor is not None and cursor.direction == "previous"
    if is_backward:
        # They were read away from the cursor, so the row too many was the furthest from it.
        found.reverse()
    is_whole = cursor is None and not has_more
    total = len(found) if is_whole and query.total != "none" else None
    if not is_whole and query.total in ("accurate", "estimate"):
        known = cursor.total if cursor else None
        total = known if known is not None else count(connection, tenant, query)
    answer = SearchPage([each.version for each in found], total=total)
    if found and (has_more or is_backward):
        answer.next = _cursor("next", found[-1], watermark, total)
    if found and (has_more if is_backward else cursor is not None):
        answer.previous = _cursor("previous", found[0], watermark, total)
    return answer


def _moved(
    connection: OpenConnection, tenant: int, query: SearchQuery, watermark: int
) -> list[Placed]:
    """Give the matches that were updated since the walk began, where they stood then."""
    if all(key.table == _RESOURCE and key.column == "resource_id" for key in query.sort):
        return []
    parameters = parameters_of(query, tenant, None)
    values = _values(connection, tenant, parameters) | {"watermark": watermark}
    statement = moved_statement(parameters.shape._replace(sort=(), cursor=None))
    rows = statement.run(connection.driver, connection.dialect, values).fetchall()
    return [placed_as_before(row, query) for row in rows]


def _rows(
    connection: OpenConnection,
    tenant: int,
    query: SearchQuery,
    cursor: Cursor | None,
    moved: list[Placed],
) -> list[tuple[Any, ...]]:
    """Give one row more than the page holds, if there is one, to know whether more follow."""
    excluded = [each.version.resource_key for each in moved]
    parameters = parameters_of(query, tenant, cursor, excluded)
    values = _values(connection, tenant, parameters) | {"limit": query.count + 1}
    statement = page_statement(parameters.shape)
    return list(statement.run(connection.driver, connection.dialect, values).fetchall())


def _values(connection: OpenConnection, tenant: int, parameters: Parameters) -> dict[str, Any]:
    dialect = connection.dialect
    values = dict(parameters.values)
    for name, each in parameters.lists.items():
        values[name] = list_value(dialect, each)
    for name, text in parameters.phrases.items():
        values[name] = full_text.spelt(dialect, tenant, text)
    if parameters.phrases:
        values[full_text.KEY_OFFSET] = full_text.key_offset(tenant)
    return values


def _cursor(
    direction: Direction, match: Placed, watermark: int | None, total: int | None
) -> Cursor:
    return Cursor(direction, match.place, watermark, total)
