"""FHIR create and conditional create interactions.

https://hl7.org/fhir/R4/http.html#create
https://hl7.org/fhir/R4/http.html#ccreate
"""

from api.interactions.addressing import parse_query
from api.interactions.admission import admit
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.interactions.matching import Matching, matching
from api.interactions.proposal import Proposal, answer, received
from api.store.session import Transaction
from api.store.version import Change


def create(context: Context, request: InteractionRequest) -> InteractionResult:
    """Store a new resource under an id of the server's choice."""
    resource = received(context, request)
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
    condition = none_exist(context, request)
    if condition is not None:
        match_key = condition.key
        found = condition.one(transaction)
        if found is not None:
            return Proposal(found.key, existing=found)
    key = (request.resource_type, context.new_id())
    return Proposal(key, Change(*key, resource={}, previous=None, method="POST"), None, match_key)


def none_exist(context: Context, request: InteractionRequest) -> Matching | None:
    """Read If-None-Exist; a whole address is tolerated beside the bare query."""
    text = request.if_none_exist
    if text is None:
        return None
    pairs = parse_query(text.partition("?")[2] if "?" in text else text)
    return matching(context, request.resource_type, pairs, "http.If-None-Exist")
