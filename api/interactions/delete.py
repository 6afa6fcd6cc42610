"""FHIR delete interaction.

https://hl7.org/fhir/R4/http.html#delete

Deleting what is not there, or not any more, is no error and writes nothing.
"""

from api.interactions.admission import admit
from api.interactions.context import Context, InteractionRequest, InteractionResult, served_type
from api.interactions.preconditions import check_if_match
from api.interactions.proposal import Proposal, answer
from api.store.version import Change, StoredVersion


def delete(context: Context, request: InteractionRequest) -> InteractionResult:
    """Delete a resource; its history stays."""
    served_type(request.resource_type)
    key = (request.resource_type, request.resource_id)
    with context.store.transaction() as transaction:
        previous = transaction.read_for_update([key]).get(key)
        proposal = propose(request, previous)
        versions = admit(transaction, [proposal.change], context) if proposal.change else {}
    return answer(proposal, versions)


def propose(request: InteractionRequest, previous: StoredVersion | None) -> Proposal:
    """Check If-Match against the version that is locked."""
    key = (request.resource_type, request.resource_id)
    if request.if_match is not None:
        check_if_match(request.if_match, previous)
    if previous is None or previous.is_deleted:
        return Proposal(key)
    return Proposal(key, Change(*key, resource=None, previous=previous, method="DELETE"))
