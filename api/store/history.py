"""The versions of a resource, of a type, or of everything, newest first.

https://hl7.org/fhir/R4/http.html#history
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from api.store.rows import HISTORY_COLUMNS
from api.store.tables import resource_history
from api.store.version import StoredVersion


@dataclass(frozen=True, slots=True)
class HistoryScope:
    """Whose history: of one resource, of a type, or, with neither, of the whole system."""

    resource_type: str | None = None
    resource_id: str | None = None
    excluded_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryWindow:
    """Which part of it. Instants in microseconds; `before` is the cursor of an earlier page."""

    count: int
    since: int | None = None  # versions created at this instant or later
    at: tuple[int, int] | None = None  # versions that were current within [low, high)
    before: int | None = None  # a change_seq: versions older than it


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions, newest first, and where the next page starts (None: this was the last)."""

    versions: list[StoredVersion] = field(default_factory=list)
    created: frozenset[int] = frozenset()
    """The `change_seq` of those that made the resource, or brought it back from deletion."""
    next: int | None = None


def page(
    connection: Connection, tenant: int, scope: HistoryScope, window: HistoryWindow
) -> HistoryPage:
    """Give one page. Stable: what is written meanwhile comes before the first page."""
    columns = resource_history.c
    earlier = resource_history.alias("earlier")
    is_earlier = and_(
        earlier.c.tenant == columns.tenant,
        earlier.c.resource_type == columns.resource_type,
        earlier.c.resource_id == columns.resource_id,
        earlier.c.version_id == columns.version_id - 1,
    )
    statement = (
        select(*HISTORY_COLUMNS, earlier.c.content.is_(None))
        .select_from(resource_history.outerjoin(earlier, is_earlier))
        .where(*_conditions(tenant, scope, window))
        .order_by(columns.change_seq.desc())
        .limit(window.count + 1)
    )
    rows = connection.execute(statement).all()
    kept = [StoredVersion(*row[:-1]) for row in rows[: window.count]]
    created = frozenset(
        version.change_seq
        for version, row in zip(kept, rows, strict=False)
        if row[-1] and not version.is_deleted
    )
    if len(rows) <= window.count:
        return HistoryPage(kept, created)
    return HistoryPage(kept, created, kept[-1].change_seq if kept else window.before)


def count(connection: Connection, tenant: int, scope: HistoryScope, window: HistoryWindow) -> int:
    """Give the number of versions that all pages together hold."""
    whole = HistoryWindow(0, window.since, window.at)
    statement = (
        select(func.count()).select_from(resource_history).where(*_conditions(tenant, scope, whole))
    )
    return int(connection.execute(statement).scalar_one())


def _conditions(
    tenant: int, scope: HistoryScope, window: HistoryWindow
) -> Sequence[ColumnElement[bool]]:
    columns = resource_history.c
    conditions: list[ColumnElement[bool]] = [columns.tenant == tenant]
    if scope.resource_type is not None:
        conditions.append(columns.resource_type == scope.resource_type)
    if scope.resource_id is not None:
        conditions.append(columns.resource_id == scope.resource_id)
    if scope.excluded_types:
        conditions.append(columns.resource_type.not_in(scope.excluded_types))
    if window.before is not None:
        conditions.append(columns.change_seq < window.before)
    if window.since is not None:
        conditions.append(columns.last_updated >= window.since)
    if window.at is not None:
        conditions.append(_was_current(tenant, window.at))
    return conditions


def _was_current(tenant: int, period: tuple[int, int]) -> ColumnElement[bool]:
    # A version is current from its own instant until that of the version after it.
    columns = resource_history.c
    later = resource_history.alias("later")
    low, high = period
    replaced_before = exists().where(
        later.c.tenant == tenant,
        later.c.resource_type == columns.resource_type,
        later.c.resource_id == columns.resource_id,
        later.c.version_id == columns.version_id + 1,
        later.c.last_updated <= low,
    )
    return and_(columns.last_updated < high, ~replaced_before)
