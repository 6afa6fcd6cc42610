"""A search that can be run: its criteria, order, page and what comes along."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from api.fhir.search_condition import Criterion, Setting, Terminology
from api.fhir.search_include import Include

Total: TypeAlias = Literal["none", "estimate", "accurate"]

MAX_CONDITIONS: Final = 64
MAX_COMPARISONS: Final = 800
MAX_SORT_KEYS: Final = 8
MAX_INCLUDES: Final = 40
"""Limits that keep one request from occupying a database; SQLite nests 1,000 levels at most."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What a search is read against; `now` and `base_url` as the request's context has them.

    `types` are those of a search on no one type, when the request does not name them in `_type`.
    """

    lenient: bool
    time_zone: ZoneInfo
    base_url: str
    now: int
    default_count: int = 20
    max_count: int = 1000
    types: tuple[str, ...] = ()
    terminology: Terminology | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """One parameter of the request, and the criterion that it sets.

    `values` are the alternatives as they were written, escapes included.
    """

    name: str
    values: tuple[str, ...]
    condition: Criterion


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of `_sort`: a column of the index table of a parameter, or of the resource itself.

    In a search on several types each has a parameter of its own.
    """

    code: str
    table: str
    column: str
    parameter: str
    is_descending: bool
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search that can be run. Every clause must hold.

    `resource_types` are the types of a search on no one type. `count` is the size of a page; 0 asks
    for the number of matches alone. `understood` holds the parameters in the order of the request,
    as the self link repeats them; `ignored` those that were left out, each with a sentence.
    """

    resource_type: str
    clauses: tuple[Clause, ...] = ()
    sort: tuple[SortKey, ...] = ()
    count: int = 20
    total: Total | None = None
    understood: tuple[tuple[str, str], ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    resource_types: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()
    summary: str = ""
    elements: tuple[str, ...] = ()
    is_explained: bool = False
    setting: Setting | None = None

    @property
    def types(self) -> tuple[str, ...]:
        """The types that are searched."""
        return self.resource_types or (self.resource_type,)

    def elements_of(self, resource_type: str) -> Iterator[str]:
        """Give the names in `_elements` that speak of a type: its own, and unqualified ones."""
        for each in self.elements:
            named, dot, element = each.rpartition(".")
            if not dot or named == resource_type:
                yield element
