"""FHIR update interaction, with create under an id of the client's choice.

https://hl7.org/fhir/R4/http.html#update
https://hl7.org/fhir/R4/http.html#upsert
"""

from api.interactions.admission import admit
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.interactions.preconditions import check_if_match
from api.interactions.proposal import Proposal, answer, check_body_id, received
from api.store.version import Change, StoredVersion


def update(context: Context, request: InteractionRequest) -> InteractionResult:
    """Store the next version of a resource, or the first under the client's id."""
    resource = received(request)
    check_body_id(resource, request)
    key = (request.resource_type, request.resource_id)
    with context.store.transaction() as transaction:
        previous = transaction.read_for_update([key]).get(key)
        change = propose(request, previous)
        change.resource = resource
        versions = admit(transaction, [change], context)
    return answer(Proposal(key, change), versions)


def propose(request: InteractionRequest, previous: StoredVersion | None) -> Change:
    """Check If-Match against the version that is locked; the content comes later."""
    check_if_match(request.if_match, previous)
    return Change(request.resource_type, request.resource_id, {}, previous, "PUT")
