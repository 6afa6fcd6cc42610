"""Searches at the level of the store: a query as it stands in an address, and what it finds."""

from dataclasses import dataclass
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from api.fhir.search_query import SearchOptions, SearchQuery, parse_search
from api.store.session import Snapshot, Store
from tests.store.records import START

BASE = "http://runspine.test/fhir"


def parsed(query: str) -> SearchQuery:
    """Read `Type?name=value`; a type left out searches several."""
    resource_type, _, parameters = query.partition("?")
    options = SearchOptions(lenient=False, time_zone=ZoneInfo("UTC"), base_url=BASE, now=START)
    return parse_search(resource_type, parse_qsl(parameters), options)


@dataclass
class Searches:
    """Finds ids."""

    store: Store

    def found(self, query: str) -> list[str]:
        """The ids on the first page."""
        with self.store.snapshot() as snapshot:
            return ids(snapshot, query)


def ids(snapshot: Snapshot, query: str) -> list[str]:
    """The ids on the first page, as one snapshot has them."""
    return [each.resource_id for each in snapshot.search(parsed(query)).versions]
