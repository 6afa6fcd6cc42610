"""Searches written as in an address, and tables of what they must find."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from api.fhir.search_query import SearchOptions, SearchQuery, parse_search
from api.store.paging import Cursor, SearchPage
from api.store.session import Store
from tests.store.records import START

OPTIONS = SearchOptions(
    lenient=False, time_zone=ZoneInfo("UTC"), base_url="http://runspine.test/fhir", now=START
)

Case = tuple[str, str]
"""A query and the ids that it finds, parted by spaces; in the order of creation unless sorted."""


def query(resource_type: str, text: str) -> SearchQuery:
    """Read a query; `+` stands for itself here."""
    pairs = parse_qsl(text.replace("+", "%2B"), keep_blank_values=True)
    return parse_search(resource_type, pairs, OPTIONS)


@dataclass
class Searches:
    """Searches of one store."""

    store: Store

    def page(self, resource_type: str, text: str, cursor: Cursor | None = None) -> SearchPage:
        """Give one page."""
        with self.store.snapshot() as snapshot:
            return snapshot.search(query(resource_type, text), cursor)

    def pages(self, resource_type: str, text: str) -> Iterator[SearchPage]:
        """Give the first page and every page that follows."""
        page = self.page(resource_type, text)
        yield page
        while page.next is not None:
            page = self.page(resource_type, text, page.next)
            yield page

    def count(self, resource_type: str, text: str) -> int:
        """Give the number of matches."""
        with self.store.snapshot() as snapshot:
            return snapshot.count(query(resource_type, text))

    def ids(self, resource_type: str, text: str) -> list[str]:
        """Give the ids of all matches in their order."""
        return [each for page in self.pages(resource_type, text) for each in ids(page)]

    def check(self, resource_type: str, cases: Sequence[Case]) -> None:
        """Run the whole table, and show every row that finds something else."""
        wrong: dict[str, tuple[str, str]] = {}
        for text, expected in cases:
            found = " ".join(self.ids(resource_type, text))
            if found != expected:
                wrong[text] = (expected, found)
            assert self.count(resource_type, text) == len(found.split()), text
        assert not wrong, "\n".join(f"{text}: {each}" for text, each in wrong.items())


def ids(page: SearchPage) -> list[str]:
    """Give the ids on a page."""
    return [version.resource_id for version in page.versions]


def resources(resource_type: str, by_id: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Build resources of one type from their elements, in the order in which they are created."""
    return [
        {"resourceType": resource_type, "id": resource_id, **elements}
        for resource_id, elements in by_id.items()
    ]
