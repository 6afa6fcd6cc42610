"""A walk through the pages of a search while others write.

A page goes on where the one before it ended, by sort values. A resource whose value changes in the
meantime would be passed over or come again; so a walk remembers the last change that its first page
has seen, and what was updated since stands where it stood then: its sort values are made anew from
the version that was current at that time. Resources that are created since may come in their place.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key
from typing import Any, Final, NamedTuple, TypeAlias

from api.fhir.index_nodes import Context
from api.fhir.index_values import COLUMNS, index_values
from api.fhir.lexical import parse
from api.fhir.search_condition import RESOURCE
from api.fhir.search_query import SearchQuery, SortKey
from api.store.paging import Cursor
from api.store.rows import VERSION_COLUMNS
from api.store.version import StoredVersion

Place: TypeAlias = tuple[str | int | None, ...]
"""Sort values, None where there is none, and the resource key."""

_FIELDS: Final = len(VERSION_COLUMNS)


class Placed(NamedTuple):
    """A match and its place in the order."""

    version: StoredVersion
    place: Place


def placed(row: Sequence[Any], query: SearchQuery) -> Placed:
    """Read a row of a page: the columns of a version, followed by its sort values."""
    version = StoredVersion(*row[:_FIELDS])
    return Placed(version, (*row[_FIELDS : _FIELDS + len(query.sort)], version.resource_key))


def placed_as_before(row: Sequence[Any], query: SearchQuery) -> Placed:
    """Read a row of what was updated since: a version, and content and instant of an older one."""
    version = StoredVersion(*row[:_FIELDS])
    content, last_updated = row[_FIELDS:]
    older: Any = parse(bytes(content))
    setting = query.setting
    if setting is None:
        raise RuntimeError("A walk needs the setting in which its query was read.")
    context = Context(setting.base_url, setting.time_zone)
    rows = index_values(older, version.resource_type, context)
    of_resource: dict[str, str | int | None] = {
        "resource_id": version.resource_id,
        "last_updated": int(last_updated),
    }
    values = (
        of_resource[key.column]
        if key.table == RESOURCE
        else _value(rows.get(key.table, []), key, version.resource_type)
        for key in query.sort
    )
    return Placed(version, (*values, version.resource_key))


def page_of(
    found: Iterable[Placed], moved: Iterable[Placed], query: SearchQuery, cursor: Cursor
) -> list[Placed]:
    """Put those that moved back among the others; those before the cursor were shown already."""
    compare = _comparison(query.sort, is_reversed=cursor.direction == "previous")
    ahead = [each for each in moved if compare(each.place, cursor.values) > 0]
    order = cmp_to_key(compare)
    every = sorted([*found, *ahead], key=lambda each: order(each.place))
    return every[: query.count + 1]


def _comparison(keys: Sequence[SortKey], *, is_reversed: bool) -> Callable[[Place, Place], int]:
    directions = [*(each.is_descending for each in keys), False]

    def compare(one: Place, other: Place) -> int:
        for left, right, is_descending in zip(one, other, directions, strict=True):
            if left != right:
                result = _order(left, right, is_descending=is_descending)
                return -result if is_reversed else result
        return 0

    return compare


def _order(left: Any, right: Any, *, is_descending: bool) -> int:
    """Compare two values that differ; a missing one comes last either way."""
    if left is None or right is None:
        return 1 if left is None else -1
    is_before = left > right if is_descending else left < right
    return -1 if is_before else 1


def _value(rows: Sequence[Sequence[Any]], key: SortKey, resource_type: str) -> str | int | None:
    """Give the value by which the store would have sorted: see the marks in `index_values`."""
    position = COLUMNS[key.table].index(key.column)
    mark = -1 if key.is_descending else -2
    parameter = f"{resource_type}.{key.code}"
    return next((row[position] for row in rows if row[0] == parameter and row[mark]), None)
