"""FHIR update and conditional update interactions, with create under an id of the client's choice.

https://hl7.org/fhir/R4/http.html#update
https://hl7.org/fhir/R4/http.html#upsert
https://hl7.org/fhir/R4/http.html#cond-update
"""

from api.fhir.outcome import Failure, FailureKind, Issue
from api.interactions.admission import admit
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.interactions.matching import Matching, matching
from api.interactions.preconditions import check_if_match
from api.interactions.proposal import Proposal, answer, check_body_id, received
from api.store.session import Transaction
from api.store.version import Change, StoredVersion


def update(context: Context, request: InteractionRequest) -> InteractionResult:
    """Store the next version of a resource, or the first under the client's id."""
    resource = received(context, request)
    if request.resource_id:
        check_body_id(resource, request)
    with context.store.transaction() as transaction:
        if request.resource_id:
            key = (request.resource_type, request.resource_id)
            previous = transaction.read_for_update([key]).get(key)
            proposal = Proposal(key, propose(request, previous))
        else:
            proposal = propose_match(transaction, context, request, resource.get("id"))
        change = proposal.change
        if change is None:  # pragma: no cover - an update always has something to write.
            raise AssertionError
        change.resource = resource
        versions = admit(transaction, [change], context, proposal.match_keys)
    return answer(proposal, versions)


def propose(request: InteractionRequest, previous: StoredVersion | None) -> Change:
    """Check If-Match against the version that is locked; the content comes later."""
    check_if_match(request.if_match, previous)
    return Change(request.resource_type, request.resource_id, {}, previous, "PUT")


def propose_match(
    transaction: Transaction, context: Context, request: InteractionRequest, body_id: str | None
) -> Proposal:
    """Find what a conditional update is about: the one match, or a resource yet to be made."""
    condition = update_condition(context, request)
    found = condition.one(transaction)
    if found is not None and body_id not in {None, found.resource_id}:
        raise Failure(
            FailureKind.INVALID,
            Issue(
                "value",
                "The id in the body is not that of the resource which the criteria match.",
                (f"{request.resource_type}.id",),
            ),
        )
    resource_id = found.resource_id if found else body_id or context.new_id()
    key = (request.resource_type, resource_id)
    previous = transaction.read_for_update([key]).get(key)
    check_if_match(request.if_match, previous)
    match_key = None if found else condition.key
    return Proposal(key, Change(*key, {}, previous, "PUT"), None, match_key)


def update_condition(context: Context, request: InteractionRequest) -> Matching:
    """Read the criteria in the address of a conditional update."""
    return matching(context, request.resource_type, request.parameters, "http.query")
