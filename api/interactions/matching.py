"""The matches of a conditional request.

https://hl7.org/fhir/R4/http.html#ccreate, also #cond-update and #3.1.0.7.1

Criteria are always read strictly: a misspelt parameter must never widen a request to everything.
Requests with the same criteria wait for each other, so that two of them never both find nothing.
"""

from dataclasses import dataclass

from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.search_query import SearchQuery
from api.interactions.context import Context, Parameters
from api.store.session import Transaction
from api.store.version import StoredVersion

# Parameters that begin with `_` shape a result, but for these.
_CRITERIA = frozenset(
    {"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source", "_has", "_filter", "_list"}
)


@dataclass(frozen=True, slots=True)
class Matching:
    """The criteria of one conditional request; `place` is where the client wrote them."""

    query: SearchQuery
    place: str

    @property
    def key(self) -> str:
        """Give the canonical text of the criteria: equal for all spellings that ask the same."""
        understood = sorted(pair for pair in self.query.understood if pair[0] != "_count")
        text = "&".join(f"{name}={value}" for name, value in understood)
        return f"{self.query.resource_type}?{text}"

    def all(self, transaction: Transaction) -> list[StoredVersion]:
        """Give the matches, at most one more than the criteria's limit."""
        transaction.lock_matches([self.key])
        return transaction.search(self.query).versions

    def one(self, transaction: Transaction) -> StoredVersion | None:
        """Give the only match, None when there is none; raise Failure MULTIPLE_MATCHES."""
        found = self.all(transaction)
        if len(found) > 1:
            raise Failure(
                FailureKind.MULTIPLE_MATCHES,
                Issue(
                    "multiple-matches",
                    "The criteria match more than one resource; make them more specific.",
                    (self.place,),
                ),
            )
        return found[0] if found else None


def matching(
    context: Context, resource_type: str, pairs: Parameters, place: str, limit: int = 2
) -> Matching:
    """Read criteria.

    Raises Failure INVALID when there is none, or none but a time, since such a request would match
    everything, and for a parameter that only shapes a result.
    """
    shaping = [name for name, _ in pairs if name.startswith("_") and _bare(name) not in _CRITERIA]
    telling = [name for name, _ in pairs if _bare(name) != "_lastUpdated"]
    if shaping or not telling:
        raise Failure(
            FailureKind.INVALID,
            Issue(
                "value",
                "A conditional request needs search criteria, and none that only shape a result.",
                (place,),
            ),
        )
    query = context.parse_search(resource_type, (*pairs, ("_count", str(limit))))
    return Matching(query, place)


def _bare(name: str) -> str:
    return name.partition(":")[0]
