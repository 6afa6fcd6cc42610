"""The entries of a searchset: matches, and what comes along with them.

https://hl7.org/fhir/R4/bundle.html#searchset

Stored bytes are spliced in, unless the request asks for a part of each resource.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from api.fhir.bundle import search_entry
from api.fhir.index_position import distance, position_of
from api.fhir.lexical import parse
from api.fhir.search_condition import WITHIN, Condition
from api.fhir.search_query import SearchQuery
from api.fhir.subset import subset
from api.interactions.including import Included, Including
from api.store.version import StoredVersion

INCLUDED_BY = "https://runspine.example.org/fhir/StructureDefinition/included-by"
DISTANCE = "http://hl7.org/fhir/StructureDefinition/location-distance"
UCUM = "http://unitsofmeasure.org"


class SearchEntries:
    """Makes the entries of one answer."""

    def __init__(self, base_url: str, query: SearchQuery) -> None:
        """Look at what the query says of the entries, once for all of them."""
        self._base_url = base_url
        self._summary = query.summary
        self._query = query
        self._centre = _centre(query)

    def of(self, matches: Iterable[StoredVersion], along: Including) -> Iterator[bytes]:
        """Give the entries of a page."""
        for version in matches:
            if version.content is not None:
                yield self._match(version, version.content)
        for included in along.resources:
            if included.version.content is not None:
                yield self._include(included, included.version.content)

    def _match(self, version: StoredVersion, content: bytes) -> bytes:
        elements = tuple(self._query.elements_of(version.resource_type))
        part = subset(content, self._summary, elements)
        reference = f"{version.resource_type}/{version.resource_id}"
        extensions = self._distance(content) if self._centre else []
        return search_entry(self._base_url, reference, part, "match", extensions)

    def _include(self, included: Included, content: bytes) -> bytes:
        """Give an entry that says what brought it; `_elements` counts where it names the type."""
        version = included.version
        start = f"{version.resource_type}."
        elements = [
            each.removeprefix(start) for each in self._query.elements if each.startswith(start)
        ]
        part = subset(content, self._summary, elements)
        reference = f"{version.resource_type}/{version.resource_id}"
        extensions = [_brought(*each) for each in included.by]
        return search_entry(self._base_url, reference, part, "include", extensions)

    def _distance(self, content: bytes) -> list[Any]:
        location: Any = parse(content)
        place = position_of(location.get("position"))
        if place is None or self._centre is None:
            return []
        kilometres = distance(self._centre, place) / 1_000
        value = {"value": round(kilometres, 3), "unit": "km", "system": UCUM, "code": "km"}
        return [{"url": DISTANCE, "valueDistance": value}]


def _brought(parameter: str, source: str) -> dict[str, Any]:
    parts = [
        {"url": "match", "valueUri": source},
        {"url": "parameter", "valueString": parameter},
    ]
    return {"url": INCLUDED_BY, "extension": parts}


def _centre(query: SearchQuery) -> tuple[float, float, float] | None:
    """Give the first place that the search names, from which distances are told."""
    for clause in query.clauses:
        if isinstance(clause.condition, Condition):
            for _, operator, value in clause.condition.alternatives[0]:
                if operator == WITHIN and isinstance(value, tuple):
                    x, y, z = (float(str(each)) for each in value[:3])
                    return x, y, z
    return None
