"""How the databases go about a search: by index, the tenant first, in the order asked for.

PostgreSQL would read a table this small from end to end, so sequential scans are made dear before
it is asked.
"""

from collections.abc import Iterator, Sequence

import pytest

from api.store.connection import OpenConnection
from api.store.paging import Cursor
from api.store.search_sql import _values
from api.store.search_sql.shape import PageShape, parameters_of
from api.store.search_sql.statements import count_statement, page_statement
from api.store.session import Store
from api.store.statement import Statement
from api.store.tables import INDEX_TABLES
from tests.conftest import Databases
from tests.store.records import Clock
from tests.store.searches import query

QUERIES = (
    "",
    "_id=a",
    "_id=a,b",
    "_lastUpdated=gt2026",
    "_sort=-_lastUpdated",
    "identifier=s|1",
    "identifier=s|",
    "code=x,y",
    "code:not=x",
    "status=final&_sort=date",
    "patient=1&_sort=-date",
    "patient=1&code=x",
    "subject:identifier=s|1",
    "date=2026-05",
    "date=ge2026-05&date=lt2026-06",
    "value-quantity=gt5||mg",
    "value-string=abc&_sort=-value-string,date",
    "value-string:contains=abc",
    "_profile:below=http://x",
    "encounter:missing=true",
    "_sort=value-quantity,-_id",
)


@pytest.fixture(scope="module")
def store(engine_url: str) -> Iterator[Store]:
    """An empty store on either database, for all tests of this module."""
    opened = Store.open(engine_url, clock=Clock())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def sqlite_store(databases: Databases) -> Iterator[Store]:
    """An empty store on SQLite, whose planner the search has to be written for."""
    opened = Store.open(databases.new("sqlite"), clock=Clock())
    yield opened
    opened.close()


def plan(store: Store, text: str, cursor: Cursor | None = None, *, count: bool = False) -> str:
    """The database's own account of how it would run the statement of a search."""
    asked = query("Observation", text)
    parameters = parameters_of(asked, 1, cursor)
    with store._database.reading(one_statement=False) as connection:
        values = _values(connection, 1, parameters) | {"limit": asked.count + 1}
        statement = statement_of(parameters.shape, count=count)
        sql, names = statement.text(connection.dialect)
        return "\n".join(explained(connection, sql, [values[name] for name in names]))


def statement_of(shape: PageShape, *, count: bool) -> Statement:
    return count_statement(shape) if count else page_statement(shape)


def explained(connection: OpenConnection, sql: str, values: Sequence[object]) -> list[str]:
    cursor = connection.driver.cursor()
    if connection.dialect == "postgresql":
        for setting in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin"):
            cursor.execute(f"SET LOCAL {setting} = off")
        cursor.execute(f"EXPLAIN (COSTS OFF) {sql}", tuple(values))
    else:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", tuple(values))
    return [str(row[-1]) for row in cursor.fetchall()]


def is_postgresql(store: Store) -> bool:
    with store._database.reading(one_statement=True) as connection:
        return connection.dialect == "postgresql"


@pytest.mark.parametrize("text", QUERIES)
def test_every_search_reaches_every_table_through_an_index_that_begins_with_the_tenant(
    store: Store, text: str
) -> None:
    for each in (plan(store, text), plan(store, text, count=True)):
        lines = [line.strip() for line in each.splitlines()]
        assert lines
        if is_postgresql(store):
            assert not [line for line in lines if "Seq Scan" in line], each
            conditions = [line for line in lines if line.startswith("Index Cond")]
            assert conditions, each
            assert all("tenant = " in line for line in conditions), each
        else:
            made = ("page", "first_part", "second_part", "source", "found", "matches", "anon_1")
            scans = [line.split()[1] for line in lines if line.startswith("SCAN")]
            assert set(scans) <= set(made), each
            searches = [line for line in lines if line.startswith("SEARCH")]
            # The tenant's own row says up to where the walk reads; its key is the tenant.
            own = "SEARCH tenant USING INTEGER PRIMARY KEY"
            assert all("(tenant=?" in line or line.startswith(own) for line in searches), each


@pytest.mark.parametrize("table", [table.name for table in INDEX_TABLES])
def test_sqlite_is_told_what_its_indexes_are_worth(sqlite_store: Store, table: str) -> None:
    with sqlite_store._database.reading(one_statement=True) as connection:
        cursor = connection.driver.cursor()
        cursor.execute("SELECT idx FROM sqlite_stat1 WHERE tbl = ?", (table,))
        told = {row[0] for row in cursor.fetchall()}
    assert told == {table, f"{table}_tenant_resource_key_parameter"}


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("", "SEARCH source USING COVERING INDEX resource_tenant_resource_type_resource_key"),
        ("_id=a,b", "SEARCH source USING INDEX sqlite_autoindex_resource_1"),
        ("_sort=-_lastUpdated", "(tenant=? AND resource_type=?)"),
        ("identifier=s|1&status=final", "(tenant=? AND parameter=? AND code=?)"),
        ("code=x&status=final", "(tenant=? AND parameter=? AND code=?)"),
        ("code=x,y", "(tenant=? AND parameter=? AND code=?)"),
        ("patient=1&code=x", "(tenant=? AND target_id=? AND parameter=?)"),
        ("value-string=ab", "(tenant=? AND parameter=? AND value_start>? AND value_start<?)"),
        ("date=2026-05", "(tenant=? AND parameter=? AND low>? AND low<?)"),
        ("date=ge2026-05", "SEARCH source USING COVERING INDEX resource_tenant_resource_type"),
        ("_sort=date", "SEARCH sort_0 USING PRIMARY KEY (tenant=? AND parameter=?)"),
        ("code=x&_sort=-date", "SEARCH sort_0 USING PRIMARY KEY (tenant=? AND parameter=?)"),
    ],
)
def test_sqlite_starts_where_the_fewest_rows_are(
    sqlite_store: Store, text: str, start: str
) -> None:
    found = plan(sqlite_store, text)
    first = next(line for line in found.splitlines() if line.startswith("SEARCH"))
    assert start in first, found


@pytest.mark.parametrize(
    "text", ["", "identifier=s|1", "code=x", "status=final", "patient=1", "code=x&status=final"]
)
def test_sqlite_streams_a_plain_search_in_the_order_of_its_index(
    sqlite_store: Store, text: str
) -> None:
    assert "TEMP B-TREE" not in plan(sqlite_store, text)
    assert "TEMP B-TREE" not in plan(sqlite_store, text, Cursor("next", (17,)))


@pytest.mark.parametrize("text", ["date=ge2026-05&code=x", "status=final&_sort=date", "_sort=date"])
def test_sqlite_probes_a_condition_by_the_key_of_the_resource(
    sqlite_store: Store, text: str
) -> None:
    found = plan(sqlite_store, text).splitlines()
    probes = [
        found[number + 1] for number, line in enumerate(found) if line.startswith("CORRELATED")
    ]
    assert probes
    assert all("resource_key=?" in line for line in probes), found


def test_sqlite_enters_the_index_at_the_cursor(sqlite_store: Store) -> None:
    assert "resource_key>?" in plan(sqlite_store, "code=x", Cursor("next", (17,)))
    assert "resource_key<?" in plan(sqlite_store, "code=x", Cursor("previous", (17,)))
    assert "low>?" in plan(sqlite_store, "_sort=date", Cursor("next", (5, 17)))
    assert "low<?" in plan(sqlite_store, "_sort=-date", Cursor("next", (5, 17)))
