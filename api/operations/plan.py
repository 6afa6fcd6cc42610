"""`POST Assessment/{id}/$plan`: drafts the CarePlan with both streams, and its Goals.

Optional Parameters: `start` (date) and `author` (Reference). The answer is the CarePlan: 201 when
it was drafted now, 200 whenever it is asked for again for the same version of the Assessment.
"""

from datetime import date
from typing import Any

from api.clinic.drafting import PlanRequest
from api.fhir.lexical import Resource, parse
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.resource import check
from api.interactions.admission import admit
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.interactions.preconditions import check_if_match
from api.store.version import StoredVersion


def plan(context: Context, request: InteractionRequest) -> InteractionResult:
    """Draft the plan of an Assessment in one transaction.

    Raises Failure CONFLICT while the subject is blocked or the Assessment is not finished.
    """
    start, author = _parameters(request)
    key = ("Assessment", request.resource_id)
    with context.store.transaction() as transaction:
        assessment = _existing(transaction.read_for_update([key]).get(key), request)
        draft = context.clinic.draft_plan(transaction, PlanRequest(assessment, start, author))
        if draft.existing is not None:
            version, status = draft.existing, 200
        else:
            versions = admit(transaction, draft.changes, context)
            version, status = versions["CarePlan", draft.resource_id], 201
    return InteractionResult(status, body=version.content, version=version, location=True)


def _existing(version: StoredVersion | None, request: InteractionRequest) -> StoredVersion:
    if version is None:
        raise Failure(
            FailureKind.UNKNOWN_ID, f"Assessment/{request.resource_id} does not exist here."
        )
    if version.is_deleted:
        raise Failure(FailureKind.DELETED, f"Assessment/{request.resource_id} was deleted.")
    check_if_match(request.if_match, version)
    return version


def _parameters(request: InteractionRequest) -> tuple[date | None, str | None]:
    raw: Any = request.resource
    if raw is None and request.body:
        raw = parse(request.body)
    if raw is None:
        return None, None
    parameters = check(raw, "Parameters")
    start: date | None = None
    author: str | None = None
    for index, parameter in enumerate(parameters.get("parameter", ())):
        path = f"Parameters.parameter[{index}]"
        name = parameter.get("name")
        if name == "start" and start is None:
            start = _start(parameter, path)
        elif name == "author" and author is None:
            author = _author(parameter, path)
        else:
            raise Failure(
                FailureKind.INVALID,
                Issue(
                    "not-supported",
                    "$plan takes `start` and `author`, each once.",
                    (f"{path}.name",),
                ),
            )
    return start, author


def _start(parameter: Resource, path: str) -> date:
    try:
        return date.fromisoformat(parameter["valueDate"])
    except (KeyError, ValueError):
        raise Failure(
            FailureKind.INVALID,
            Issue("value", "`start` takes a valueDate with a whole date.", (f"{path}.valueDate",)),
        ) from None


def _author(parameter: Resource, path: str) -> str:
    reference = parameter.get("valueReference", {}).get("reference")
    if not isinstance(reference, str):
        raise Failure(
            FailureKind.INVALID,
            Issue(
                "value",
                "`author` takes a valueReference with a reference.",
                (f"{path}.valueReference.reference",),
            ),
        )
    return reference
