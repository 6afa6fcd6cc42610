"""FHIR batch and transaction interactions.

https://hl7.org/fhir/R4/http.html#transaction

The entries of a batch are requests of their own. Those of a transaction share one database
transaction: deletes, creates, updates and reads in this order, judged on the state that they leave
behind, answered in the order of the request.
"""

from typing import Any

from api.fhir.bundle import STATUS_LINES, bundle, response_entry, version_response
from api.fhir.lexical import Resource, parse
from api.fhir.outcome import Failure, FailureKind, Issue, operation_outcome
from api.fhir.resource import references
from api.interactions.admission import admit
from api.interactions.bundle_entries import Entry, check_envelope, in_entry, read_entry
from api.interactions.context import Context, InteractionRequest, InteractionResult, Prefer
from api.interactions.performing import READINGS, perform
from api.interactions.proposal import answer
from api.interactions.transaction_plan import TransactionPlan


def transaction(context: Context, request: InteractionRequest) -> InteractionResult:
    """Perform a Bundle of type batch or transaction."""
    kind, raw = check_envelope(parse(request.body or b""))
    if kind == "batch":
        entries = _batch(context, raw, request.prefer)
        return InteractionResult(200, body=bundle("batch-response", entries))
    entries = _transaction(context, raw, request.prefer)
    return InteractionResult(200, body=bundle("transaction-response", entries))


def _batch(context: Context, raws: list[Resource], prefer: Prefer) -> list[bytes]:
    answers = []
    full_urls = {raw.get("fullUrl") for raw in raws}
    for index, raw in enumerate(raws):
        try:
            entry = read_entry(index, raw, prefer)
            _refuse_links_between(entry, full_urls)
            result = perform(context, entry.request)
        except Failure as failure:
            answers.append(_failed(failure))
        else:
            answers.append(_answered(context, entry, result))
    return answers


def _refuse_links_between(entry: Entry, full_urls: set[Any]) -> None:
    """Raise Failure when an entry of a batch refers to another, which only a transaction can do."""
    issues = [
        Issue("business-rule", "Entries of a batch cannot refer to each other.", (path,))
        for path, reference in references(entry.request.resource or {})
        if reference.get("reference") in full_urls and reference["reference"].startswith("urn:")
    ]
    if issues:
        raise Failure(FailureKind.UNPROCESSABLE, *issues)


def _transaction(context: Context, raws: list[Resource], prefer: Prefer) -> list[bytes]:
    entries = [read_entry(index, raw, prefer) for index, raw in enumerate(raws)]
    plan = TransactionPlan(entries, context)
    results: dict[int, InteractionResult] = {}
    with context.store.transaction() as store:
        plan.settle(store)
        versions = admit(store, plan.changes, context, plan.match_keys)
        for entry in plan.reads:
            with in_entry(entry):
                reading = READINGS[entry.request.interaction]
                results[entry.index] = reading(store, context, entry.request)
    for index, proposals in plan.proposals.items():
        # A conditional delete has any number of proposals, and one answer.
        results[index] = (
            answer(proposals[0], versions) if len(proposals) == 1 else InteractionResult(204)
        )
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
