"""Pages of a search by keyset: where a page ends, not how many rows came before it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from api.store.version import StoredVersion

Direction: TypeAlias = Literal["next", "previous"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The resource next to which a page starts, and the direction in which it goes on.

    `values` are that resource's sort values (None where it has none) and its resource key.
    `watermark` is the last change that the first page has seen: what was changed since stands where
    it stood then. `total` is the number of matches, once it was counted. All of it is JSON, so that
    it can travel in a signed page token.
    """

    direction: Direction
    values: tuple[str | int | None, ...]
    watermark: int | None = None
    total: int | None = None


@dataclass(slots=True)
class SearchPage:
    """Matches in order, the cursors of the pages beside it, and the number of all matches.

    `total` is None unless it is known for free or was asked for.
    """

    versions: list[StoredVersion]
    next: Cursor | None = None
    previous: Cursor | None = None
    total: int | None = None
