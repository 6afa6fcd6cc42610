"""The order of matches, and what lies beyond a cursor.

The smallest value of a resource counts when ascending and the largest when descending; a resource
without a value comes last in both, and equals stand in the order in which they were created. The
page before a cursor is read in the reversed order.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, and_, bindparam, or_

from api.store.search_sql.shape import CursorShape, cursor_name

Where: TypeAlias = ColumnElement[bool]


class Key(NamedTuple):
    """One column of an order; `number` is the place of its value in a cursor."""

    number: int
    column: ColumnElement[Any]
    is_descending: bool = False
    may_be_missing: bool = False


def order_by(keys: Sequence[Key], *, is_reversed: bool) -> Iterator[ColumnElement[Any]]:
    """Give the expressions of ORDER BY."""
    for key in keys:
        if key.may_be_missing:
            missing = key.column.is_(None)
            yield missing.desc() if is_reversed else missing.asc()
        is_descending = key.is_descending != is_reversed
        yield key.column.desc() if is_descending else key.column.asc()


def beyond_cursor(keys: Sequence[Key], cursor: CursorShape) -> Where:
    """Give the condition that leaves what comes after the cursor in its direction."""
    steps = [
        and_(*(_equals_cursor(each, cursor) for each in keys[:place]), beyond)
        for place, key in enumerate(keys)
        if (beyond := _beyond(key, cursor)) is not None
    ]
    return and_(or_(*steps), *_bound_of_first_key(keys, cursor))


def _bound_of_first_key(keys: Sequence[Key], cursor: CursorShape) -> Iterator[Where]:
    """Say apart what the steps imply of the first key, because an index is entered by it."""
    key = keys[0]
    if len(keys) > 1 and not key.may_be_missing:
        value: ColumnElement[Any] = bindparam(cursor_name(key.number))
        yield key.column >= value if _is_upward(key, cursor) else key.column <= value


def _equals_cursor(key: Key, cursor: CursorShape) -> Where:
    if cursor.missing[key.number]:
        return key.column.is_(None)
    return key.column == bindparam(cursor_name(key.number))


def _beyond(key: Key, cursor: CursorShape) -> Where | None:
    if cursor.missing[key.number]:
        # Nothing follows the missing ones; backwards, everything that has a value does.
        return key.column.is_not(None) if cursor.is_reversed else None
    value: ColumnElement[Any] = bindparam(cursor_name(key.number))
    beyond: Where = key.column > value if _is_upward(key, cursor) else key.column < value
    if key.may_be_missing and not cursor.is_reversed:
        beyond = or_(beyond, key.column.is_(None))
    return beyond


def _is_upward(key: Key, cursor: CursorShape) -> bool:
    return key.is_descending == cursor.is_reversed
