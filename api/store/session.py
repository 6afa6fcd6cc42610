"""The door of the store: `Store.snapshot()` to read, `Store.transaction()` to write.

A read is handed a `Snapshot`, which cannot write. A transaction is a `with` block in the
interaction; the answer is built after it has closed, when everything in it is durable.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from typing_extensions import override

from api.fhir.index_nodes import Context as IndexContext
from api.fhir.search_include import Include
from api.fhir.search_query import SearchQuery
from api.store import (
    compartment,
    history,
    index,
    labels,
    migration,
    references,
    reindexing,
    rows,
    search_sql,
    tenants,
    writing,
)
from api.store.compartment import CompartmentScope
from api.store.connection import Database, OpenConnection
from api.store.failures import Retryable
from api.store.history import HistoryPage, HistoryScope, HistoryWindow
from api.store.paging import Cursor, SearchPage
from api.store.search_sql import includes
from api.store.search_sql.includes import Brought
from api.store.sqlite import SQLiteDatabase
from api.store.sqlite_file import path_of
from api.store.version import Change, Referrer, ResourceKey, StoredVersion


class Snapshot:
    """Reads of one tenant, all from one committed state."""

    __slots__ = ("_connection", "_tenant")

    def __init__(self, connection: OpenConnection, tenant: int) -> None:
        self._connection = connection
        self._tenant = tenant

    def read(self, resource_type: str, resource_id: str) -> StoredVersion | None:
        """Give the current version, or the deletion; None when there never was one."""
        return rows.read(self._connection, self._tenant, resource_type, resource_id)

    def vread(self, resource_type: str, resource_id: str, version_id: int) -> StoredVersion | None:
        """Give one version, a deletion included; None when there never was one."""
        key = (resource_type, resource_id)
        return rows.vread(self._connection, self._tenant, key, version_id)

    def read_many(self, keys: Collection[ResourceKey]) -> dict[ResourceKey, StoredVersion]:
        """Give the current versions and deletions of those that ever existed."""
        return rows.read_many(self._connection, self._tenant, keys)

    def history(self, scope: HistoryScope, window: HistoryWindow) -> HistoryPage:
        """Give a page of versions, newest first."""
        return history.page(self._connection.core, self._tenant, scope, window)

    def history_count(self, scope: HistoryScope, window: HistoryWindow) -> int:
        """Give the number of versions on all pages of this window together."""
        return history.count(self._connection.core, self._tenant, scope, window)

    def search(self, query: SearchQuery, cursor: Cursor | None = None) -> SearchPage:
        """Give a page of the resources that match."""
        return search_sql.page(self._connection, self._tenant, query, cursor)

    def included(self, edge: Include, keys: Sequence[int], limit: int) -> list[Brought]:
        """Give what one `_include` or `_revinclude` brings along; a statement an edge."""
        return includes.included(self._connection, self._tenant, edge, keys, limit)

    def search_plan(self, query: SearchQuery) -> list[str]:
        """Give the lines of the database's plan of a search."""
        return search_sql.plan(self._connection, self._tenant, query)

    def count(self, query: SearchQuery) -> int:
        """Give the number of resources that match."""
        return search_sql.count(self._connection, self._tenant, query)

    def count_types(self) -> dict[str, int]:
        """Give the number of current resources of each type that has any."""
        return rows.count_types(self._connection.core, self._tenant)

    def compartment(self, scope: CompartmentScope, after: int, limit: int) -> list[StoredVersion]:
        """Give up to `limit` members of a compartment, past a resource key."""
        return compartment.members(self._connection.core, self._tenant, scope, after, limit)

    def referred(
        self, scope: CompartmentScope, centre_key: int | None, span: tuple[int, int] | None
    ) -> list[StoredVersion]:
        """Give what the centre and the members within a span of keys refer to outside."""
        core = self._connection.core
        return compartment.referred(core, self._tenant, scope, (centre_key, span))

    def labels(self, resource_types: Sequence[str]) -> labels.Labels:
        """Give the profiles, tags and security labels in use on these types."""
        return labels.in_use(self._connection.core, self._tenant, resource_types)

    def referrers(self, keys: Collection[ResourceKey]) -> list[Referrer]:
        """Give the current resources that refer to these."""
        return references.referrers(self._connection, self._tenant, keys)


class Transaction(Snapshot):
    """Reads and writes of one tenant that become durable together or not at all."""

    __slots__ = ("_clock", "_has_written", "_index_context", "_seen")

    def __init__(
        self,
        connection: OpenConnection,
        tenant: int,
        clock: Callable[[], int],
        index_context: IndexContext,
    ) -> None:
        super().__init__(connection, tenant)
        self._clock = clock
        self._index_context = index_context
        self._has_written = False
        self._seen = -1

    def lock_matches(self, keys: Sequence[str]) -> None:
        """Make other conditional requests with the same criteria wait until this one has ended.

        To be called before the search that looks for matches.
        """
        references.lock_matches(self._connection, self._tenant, keys)
        self._seen = tenants.last_change(self._connection, self._tenant)

    def read_for_update(self, keys: Collection[ResourceKey]) -> dict[ResourceKey, StoredVersion]:
        """Give the current versions and deletions, locked against other writers."""
        return rows.lock_to_write(self._connection, self._tenant, keys)

    def share_lock(self, keys: Collection[ResourceKey]) -> set[ResourceKey]:
        """Give those that exist and are not deleted, and keep them from being deleted."""
        return rows.lock_as_targets(self._connection, self._tenant, keys)

    @override
    def referrers(self, keys: Collection[ResourceKey]) -> list[Referrer]:
        """Give the current resources that refer to these, and let no new one come."""
        rows.lock_to_delete(self._connection, self._tenant, keys)
        return super().referrers(keys)

    def write(
        self,
        changes: Sequence[Change],
        match_keys: Mapping[ResourceKey, str] | None = None,
    ) -> list[StoredVersion]:
        """Write all changes of this transaction, and give the versions in the same order.

        Called once a transaction, last, since it makes other writers of the tenant wait. Raises
        Retryable (409) when another transaction wrote one of the resources first.
        """
        if self._has_written:
            raise RuntimeError("A transaction writes once, with everything it has to write.")
        if not changes:
            return []
        self._has_written = True
        numbers = writing.take_numbers(self._connection, self._tenant, changes, self._clock())
        versions = writing.versions_of(changes, numbers)
        with self._connection.batch():
            writing.write_rows(self._connection, self._tenant, changes, versions)
            index.replace(self._connection, self._tenant, self._entries(changes, versions))
        if match_keys:
            writing.remember_matches(
                self._connection, self._tenant, match_keys, versions, self._seen
            )
        return versions

    def _entries(
        self, changes: Sequence[Change], versions: Sequence[StoredVersion]
    ) -> list[index.Entry]:

        return [
            index.Entry(
                resource_key=version.resource_key,
                resource_type=version.resource_type,
                resource=change.resource,
                is_new=change.previous is None,
                context=self._index_context,
            )
            for change, version in zip(changes, versions, strict=True)
        ]


class Store:
    """The records of one tenant in one database."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int],
        index_context: IndexContext,
        tenant: int = tenants.FIRST_TENANT,
    ) -> None:
        """Wire a store; `Store.open` does it for an address."""
        self._database = database
        self._clock = clock
        self._index_context = index_context
        self._tenant = tenant
        self.reads_inline = database.reads_inline
        """Whether short reads may run on the event loop: they wait for nobody."""
        self.notice = database.notice
        """A sentence for the operator, or None."""

    @classmethod
    def open(  # noqa: PLR0913 - the settings of a store, by name
        cls,
        database_url: str,
        *,
        clock: Callable[[], int],
        owner: str = "a program that gave no address",
        base_url: str = "",
        time_zone: ZoneInfo | None = None,
        create: bool = False,
    ) -> Self:
        """Open a database whose schema is at its newest revision.

        `owner` is the address that another process is told when it wants the same SQLite file.
        `base_url` and `time_zone` are what references and dates are indexed with. With `create`
        migrations are applied first. Raises StoreInUseError, migration.OutdatedSchemaError, and
        Failure BUSY when the database cannot be reached.
        """
        if create:
            migration.upgrade(database_url)
        migration.require_current(database_url)
        database = open_database(database_url, owner)
        context = IndexContext(base_url, time_zone or ZoneInfo("UTC"))
        store = cls(database, clock, context)
        store._renew_index()
        return store

    def _renew_index(self) -> None:
        with self._database.reading(one_statement=True) as connection:
            outdated = reindexing.outdated_tenants(connection.core)
        for tenant in outdated:
            with self._database.writing() as connection:
                reindexing.reindex(connection, tenant, self._index_context)

    def for_tenant(self, tenant: int) -> Self:
        """Give the store of another tenant in the same database."""
        return type(self)(self._database, self._clock, self._index_context, tenant)

    def add_tenant(self, name: str) -> None:
        """Add this store's tenant, unless it is there."""
        with self._database.writing() as connection:
            tenants.add(connection, self._tenant, name)

    def secret(self, name: str) -> bytes:
        """Give 32 random bytes that are the same for every server on this database."""
        with self._database.writing() as connection:
            return tenants.secret(connection, self._tenant, name)

    def snapshot(self, *, one_statement: bool = False) -> "SnapshotScope":
        """Give a context manager of a Snapshot: everything read in it is of one state.

        With `one_statement` the caller promises to read once only, which is cheaper.
        """
        return SnapshotScope(self._database.reading(one_statement=one_statement), self._tenant)

    def transaction(self) -> "TransactionScope":
        """Give a context manager of a Transaction: durable at its end, or undone.

        Raises Failure BUSY or TIMEOUT at the end when it could not be made durable.
        """
        return TransactionScope(
            self._database.writing(), self._tenant, self._clock, self._index_context
        )

    @staticmethod
    def is_retryable(error: BaseException) -> bool:
        """Whether nothing was written and the whole transaction may be run again at once."""
        return isinstance(error, Retryable)

    def close(self) -> None:
        """Close every connection and give a SQLite file back."""
        self._database.close()


class SnapshotScope:
    """`with store.snapshot() as snapshot`."""

    __slots__ = ("_loan", "_tenant")

    def __init__(self, loan: AbstractContextManager[OpenConnection], tenant: int) -> None:
        self._loan = loan
        self._tenant = tenant

    def __enter__(self) -> Snapshot:
        return Snapshot(self._loan.__enter__(), self._tenant)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loan.__exit__(kind, error, trace)


class TransactionScope:
    """`with store.transaction() as transaction`."""

    __slots__ = ("_clock", "_index_context", "_loan", "_tenant")

    def __init__(
        self,
        loan: AbstractContextManager[OpenConnection],
        tenant: int,
        clock: Callable[[], int],
        index_context: IndexContext,
    ) -> None:
        self._loan = loan
        self._tenant = tenant
        self._clock = clock
        self._index_context = index_context

    def __enter__(self) -> Transaction:
        connection = self._loan.__enter__()
        return Transaction(connection, self._tenant, self._clock, self._index_context)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loan.__exit__(kind, error, trace)


def open_database(database_url: str, owner: str) -> Database:
    """Open SQLite or PostgreSQL, as the address says."""
    if database_url.startswith("sqlite"):
        return SQLiteDatabase(path_of(database_url), owner)
    from api.store.postgresql import PostgreSQLDatabase  # noqa: PLC0415 - SQLite needs no driver

    return PostgreSQLDatabase(database_url)
