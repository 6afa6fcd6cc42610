"""FHIR batch and transaction interactions.

https://hl7.org/fhir/R4/http.html#transaction

The entries of a batch are requests of their own. Those of a transaction share one database
transaction: deletes, creates, updates and reads in this order, judged on the state that they leave
behind, answered in the order of the request.
"""

from api.fhir.bundle import STATUS_LINES, bundle, response_entry, version_response
from api.fhir.lexical import Resource, parse
from api.fhir.outcome import Failure, operation_outcome
from api.interactions.admission import admit
from api.interactions.bundle_entries import Entry, check_envelope, in_entry, read_entry
from api.interactions.context import Context, InteractionRequest, InteractionResult, Prefer
from api.interactions.performing import READINGS, perform
from api.interactions.proposal import answer
from api.interactions.transaction_plan import TransactionPlan


def transaction(context: Context, request: InteractionRequest) -> InteractionResult:
    """Perform a Bundle of type batch or transaction."""
    tree = parse(request.body or b"")
    envelope = check_envelope(tree)
    if envelope["type"] == "batch":
        entries = _batch(context, tree, request.prefer)
        return InteractionResult(200, body=bundle("batch-response", entries))
    entries = _transaction(context, tree, request.prefer)
    return InteractionResult(200, body=bundle("transaction-response", entries))


def _batch(context: Context, tree: Resource, prefer: Prefer) -> list[bytes]:
    answers = []
    for index, raw in enumerate(tree.get("entry", ())):
        try:
            entry = read_entry(index, raw, prefer)
            result = perform(context, entry.request)
        except Failure as failure:
            answers.append(_failed(failure))
        else:
            answers.append(_answered(context, entry, result))
    return answers


def _transaction(context: Context, tree: Resource, prefer: Prefer) -> list[bytes]:
    entries = [read_entry(index, raw, prefer) for index, raw in enumerate(tree.get("entry", ()))]
    plan = TransactionPlan(entries, context)
    results: dict[int, InteractionResult] = {}
    with context.store.transaction() as store:
        plan.settle(store)
        versions = admit(store, plan.changes, context, plan.match_keys)
        for entry in plan.reads:
            try:
                reading = READINGS[entry.request.interaction]
                results[entry.index] = reading(store, context, entry.request)
            except Failure as failure:
                raise in_entry(failure, entry) from None
    for index, proposal in plan.proposals.items():
        results[index] = answer(proposal, versions)
    return [_answered(context, entry, results[entry.index]) for entry in entries]


def _answered(context: Context, entry: Entry, result: InteractionResult) -> bytes:
    version = result.version
    response: dict[str, object] = {"status": STATUS_LINES[result.status]}
    full_url = ""
    if version is not None:
        response = dict(version_response(result.status, version.version_id, version.last_updated))
        reference = f"{version.resource_type}/{version.resource_id}"
        full_url = f"{context.base_url}/{reference}"
        if result.location:
            response["location"] = f"{full_url}/_history/{version.version_id}"
    wanted = entry.request.prefer.representation
    if result.location and wanted == "OperationOutcome":
        response["outcome"] = operation_outcome(result.issues)
    shows = not result.location or wanted == "representation"
    return response_entry(response, result.body if shows else None, full_url)


def _failed(failure: Failure) -> bytes:
    return response_entry(
        {
            "status": STATUS_LINES[failure.kind.status],
            "outcome": operation_outcome(failure.issues),
        },
        None,
    )
