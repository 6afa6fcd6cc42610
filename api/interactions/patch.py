"""FHIR patch and conditional patch interactions: JSON Patch and FHIRPath Patch.

https://hl7.org/fhir/R4/http.html#patch

The media type says which of the two the body is. In a Bundle a FHIRPath Patch is the Parameters
resource itself, and a JSON Patch comes as a Binary that carries it.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from api.fhir.fhirpath_patch import apply_fhirpath_patch
from api.fhir.json_patch import apply_json_patch
from api.fhir.lexical import JSON, Resource, parse
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.resource import check
from api.interactions.admission import admit
from api.interactions.context import Context, InteractionRequest, InteractionResult, served_type
from api.interactions.matching import Matching, matching
from api.interactions.patch_formats import JSON_PATCH, PatchFormatFailure
from api.interactions.preconditions import check_if_match, existing
from api.interactions.proposal import Proposal, answer, received
from api.store.session import Transaction
from api.store.version import Change, StoredVersion

Patching = Callable[[Resource], Resource]
"""What a patch does to a resource: read once, carried out under the lock."""


def patch(context: Context, request: InteractionRequest) -> InteractionResult:
    """Store the next version of a resource, as the patch leaves it."""
    served_type(request.resource_type)
    patching = read_patch(request)
    with context.store.transaction() as transaction:
        proposal = propose(transaction, context, request)
        change = proposal.change
        if change is None:  # It cannot be: a patch always has something to write.
            raise AssertionError
        raw = patched(patching, change.previous)
        change.resource = received(context, replace(request, resource=raw))
        versions = admit(transaction, [change], context)
    return answer(proposal, versions)


def propose(transaction: Transaction, context: Context, request: InteractionRequest) -> Proposal:
    """Find and lock what is to be patched, and check If-Match; the content comes later.

    Raises Failure UNKNOWN_ID or DELETED when there is nothing, MULTIPLE_MATCHES, PRECONDITION.
    """
    key = (request.resource_type, request.resource_id)
    if not request.resource_id:
        found = patch_condition(context, request).one(transaction)
        if found is None:
            raise Failure(
                FailureKind.UNKNOWN_ID, Issue("not-found", "Nothing matches.", ("http.query",))
            )
        key = found.key
    return propose_known(request, key, transaction.read_for_update([key]).get(key))


def propose_known(
    request: InteractionRequest, key: tuple[str, str], previous: StoredVersion | None
) -> Proposal:
    """Check that the resource is there and that If-Match holds; it is locked already."""
    check_if_match(request.if_match, existing(previous, key))
    return Proposal(key, Change(*key, {}, previous, "PATCH"))


def patch_condition(context: Context, request: InteractionRequest) -> Matching:
    """Read the criteria in the address of a conditional patch."""
    return matching(context, request.resource_type, request.parameters, "http.query")


def patched(patching: Patching, previous: StoredVersion | None) -> Resource:
    """Give the content of a version as the patch leaves it, not yet validated."""
    stored = parse(previous.content or b"{}") if previous else {}
    if not isinstance(stored, dict):  # It cannot be: what is stored is a resource.
        raise TypeError
    return patching(stored)


def read_patch(request: InteractionRequest) -> Patching:
    """Read the patch that a request or an entry of a Bundle carries.

    Raises Failure INVALID for what is no patch, MEDIA_TYPE for a format that is not read.
    """
    if request.resource is not None:
        return _of_entry(request.resource)
    tree = parse(request.body or b"")
    if request.media_type == JSON_PATCH:
        return _json_patch(tree)
    if request.media_type == "application/json" and not isinstance(tree, dict):
        raise PatchFormatFailure("A list of operations does not say that it is a JSON Patch.")
    return _fhirpath_patch(tree)


def _of_entry(resource: Resource) -> Patching:
    if resource.get("resourceType") != "Binary":
        return _fhirpath_patch(resource)
    binary = check(resource, "Binary")
    if str(binary.get("contentType")).partition(";")[0].strip().lower() != JSON_PATCH:
        raise PatchFormatFailure("This Binary says that it is something else.")
    try:
        body = base64.b64decode("".join(str(binary.get("data", "")).split()), validate=True)
    except binascii.Error:
        sentence = "The data of the Binary are not base64."
        raise Failure(FailureKind.INVALID, Issue("value", sentence, ("Binary.data",))) from None
    return _json_patch(parse(body))


def _json_patch(tree: JSON) -> Patching:
    return lambda resource: apply_json_patch(resource, tree)


def _fhirpath_patch(tree: Any) -> Patching:
    if not isinstance(tree, dict) or tree.get("resourceType") != "Parameters":
        raise Failure(
            FailureKind.INVALID,
            Issue("structure", "A FHIRPath Patch is a Parameters resource.", ("Parameters",)),
        )
    parameters = check(tree, "Parameters")
    return lambda resource: apply_fhirpath_patch(resource, parameters)
