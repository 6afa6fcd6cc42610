"""FHIR create and conditional create interactions.

https://hl7.org/fhir/R4/http.html#create
https://hl7.org/fhir/R4/http.html#ccreate
"""

from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.search_query import SearchQuery
from api.interactions.addressing import parse_query
from api.interactions.admission import admit
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.interactions.proposal import Proposal, answer, received
from api.store.session import Transaction
from api.store.version import Change


def create(context: Context, request: InteractionRequest) -> InteractionResult:
    """Store a new resource under an id of the server's choice."""
    resource = received(request)
    with context.store.transaction() as transaction:
        proposal = propose(transaction, context, request)
        if proposal.change is not None:
            proposal.change.resource = resource
        versions = (
            admit(transaction, [proposal.change], context, proposal.match_keys)
            if proposal.change
            else {}
        )
    return answer(proposal, versions)


def propose(transaction: Transaction, context: Context, request: InteractionRequest) -> Proposal:
    """Choose the id, or find the resource that If-None-Exist asks for; content comes later."""
    match_key = None
    if request.if_none_exist is not None:
        query = criteria(context, request.resource_type, request.if_none_exist)
        match_key = match_key_of(query)
        transaction.lock_matches([match_key])
        matches = transaction.search(query).versions
        if len(matches) > 1:
            raise Failure(
                FailureKind.MULTIPLE_MATCHES,
                Issue(
                    "multiple-matches",
                    "If-None-Exist matches more than one resource; make it more specific.",
                    ("http.If-None-Exist",),
                ),
            )
        if matches:
            found = matches[0]
            return Proposal((found.resource_type, found.resource_id), existing=found)
    key = (request.resource_type, context.new_id())
    return Proposal(key, Change(*key, resource={}, previous=None, method="POST"), None, match_key)


def criteria(context: Context, resource_type: str, text: str) -> SearchQuery:
    """Read the criteria of a conditional request, always strictly; two matches are enough to know.

    Raises Failure INVALID when there is no criterion: such a request would match everything.
    """
    pairs = parse_query(text.partition("?")[2] if "?" in text else text)
    criteria_only = [pair for pair in pairs if not pair[0].startswith("_") or pair[0] in _KEPT]
    if not criteria_only or len(criteria_only) != len(pairs):
        raise Failure(
            FailureKind.INVALID,
            Issue(
                "value",
                "A conditional request needs search criteria, and nothing that only shapes "
                "a result.",
                ("http.If-None-Exist",),
            ),
        )
    return context.parse_search(resource_type, (*criteria_only, ("_count", "2")))


def match_key_of(query: SearchQuery) -> str:
    """Give the canonical text of criteria: equal for all spellings that ask the same."""
    understood = sorted(pair for pair in query.understood if pair[0] != "_count")
    return f"{query.resource_type}?" + "&".join(f"{name}={value}" for name, value in understood)


_KEPT = frozenset({"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source"})
