"""FHIR delete and conditional delete interactions.

https://hl7.org/fhir/R4/http.html#delete
https://hl7.org/fhir/R4/http.html#3.1.0.7.1

Deleting what is not there, or not any more, is no error and writes nothing.
"""

from api.fhir.lexical import serialize
from api.fhir.outcome import Failure, FailureKind, Issue, operation_outcome
from api.interactions.admission import admit
from api.interactions.context import Context, InteractionRequest, InteractionResult, served_type
from api.interactions.matching import Matching, matching
from api.interactions.preconditions import check_if_match
from api.interactions.proposal import Proposal, answer
from api.store.session import Transaction
from api.store.version import Change, StoredVersion

MAX_MATCHES = 500


def delete(context: Context, request: InteractionRequest) -> InteractionResult:
    """Delete a resource, or all that match criteria; their history stays."""
    served_type(request.resource_type)
    if not request.resource_id:
        return _delete_matches(context, request)
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


def propose_matches(
    transaction: Transaction, context: Context, request: InteractionRequest
) -> list[Proposal]:
    """Find what a conditional delete is about; raise Failure PRECONDITION past the limit."""
    found = delete_condition(context, request).all(transaction)
    if len(found) > MAX_MATCHES:
        raise Failure(
            FailureKind.MULTIPLE_MATCHES,
            Issue(
                "too-costly",
                f"The criteria match more than {MAX_MATCHES} resources; delete them in parts.",
                ("http.query",),
            ),
        )
    stored = transaction.read_for_update(sorted(version.key for version in found))
    return [
        Proposal(key, Change(*key, resource=None, previous=stored[key], method="DELETE"))
        for key in sorted(stored)
        if not stored[key].is_deleted
    ]


def delete_condition(context: Context, request: InteractionRequest) -> Matching:
    """Read the criteria in the address of a conditional delete."""
    limit = MAX_MATCHES + 1
    return matching(context, request.resource_type, request.parameters, "http.query", limit)


def _delete_matches(context: Context, request: InteractionRequest) -> InteractionResult:
    with context.store.transaction() as transaction:
        proposals = propose_matches(transaction, context, request)
        changes = [proposal.change for proposal in proposals if proposal.change is not None]
        admit(transaction, changes, context)
    said = Issue("informational", f"{len(changes)} deleted.", severity="information")
    return InteractionResult(200, body=serialize(operation_outcome([said])))
