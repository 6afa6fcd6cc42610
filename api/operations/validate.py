"""`$validate`: whether a resource would be taken, and all that can be said of it.

https://hl7.org/fhir/R4/resource-operation-validate.html

The resource comes as the body, or in Parameters with `mode` and `profile`; on an instance without
one, what is stored is looked at. The answer is 200 with an OperationOutcome, whatever it finds. In
the modes create, update and delete the write is tried for real and taken back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from api.fhir.lexical import Resource, parse, serialize
from api.fhir.outcome import Failure, Issue, operation_outcome
from api.fhir.questionnaire_answers import answer_issues
from api.fhir.resource import check
from api.fhir.terminology.expansion import split_canonical
from api.fhir.validating import all_issues, is_error
from api.interactions import delete, update
from api.interactions.admission import admit
from api.interactions.context import Context, InteractionRequest, InteractionResult, served_type
from api.interactions.preconditions import existing
from api.interactions.proposal import check_body_id
from api.operations.arguments import read_arguments, refused
from api.store.session import Snapshot, Transaction
from api.store.version import Change

MODES: Final = ("create", "update", "delete", "profile")
VALID: Final = Issue("informational", "The resource is valid.", severity="information")


class _TakenBack(Exception):  # noqa: N818 - it says that all went well.
    """Ends a write that was only tried."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request asks: a resource or None, a mode or None, and profiles."""

    resource: Any
    mode: str | None
    profiles: tuple[str, ...]


def validate(context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer what there is to say of a resource; raises Failure for a request that cannot be read.

    Nothing is written, whatever the mode.
    """
    served_type(request.resource_type)
    asked = _asked(request)
    resource = asked.resource
    if resource is None:
        resource = _stored(context, request)
    found = [] if asked.mode == "delete" else _issues(context, request, resource, asked)
    if asked.mode in ("create", "update", "delete") and not any(map(is_error, found)):
        found = [*_tried(context, request, resource, asked.mode), *found]
    body = operation_outcome(found if any(map(is_error, found)) else [VALID, *found])
    return InteractionResult(200, body=serialize(body))


def _asked(request: InteractionRequest) -> _Asked:
    body = request.resource
    raw: Any = parse(request.body) if body is None and request.body else body
    resource, rest = _taken_apart(raw, request.resource_type)
    arguments = read_arguments(
        replace(request, body=None, resource=rest),
        {"mode": "code", "profile": "uri", "resource": "resource"},
    )
    mode = arguments.text("mode")
    if mode is not None and mode not in MODES:
        raise refused("mode", f"'mode' takes {', '.join(MODES)}.")
    profiles = tuple(str(each) for each in arguments.all("profile"))
    if mode == "profile" and not profiles:
        raise refused("profile", "The mode 'profile' needs a 'profile'.", "required")
    if mode == "delete" and not request.resource_id:
        raise refused("mode", "The mode 'delete' is asked of an instance.")
    if resource is None and not request.resource_id:
        raise refused("resource", "'resource' is needed: the body, or in Parameters.", "required")
    return _Asked(resource, mode, profiles)


def _taken_apart(raw: Any, resource_type: str) -> tuple[Any, Resource | None]:
    """Give the resource to validate, and the Parameters without it.

    The resource must not be looked at yet: what is wrong with it is the answer, not a refusal.
    """
    is_parameters = isinstance(raw, dict) and raw.get("resourceType") == "Parameters"
    listed = raw.get("parameter") if is_parameters else None
    given = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    holders = [each for each in given if each.get("name") == "resource" and "resource" in each]
    if not is_parameters or (resource_type == "Parameters" and not holders):
        return raw, None
    if len(holders) > 1:
        raise refused("resource", "'resource' is given more than once.")
    rest = [each for each in listed or () if not any(each is holder for holder in holders)]
    without = {key: each for key, each in raw.items() if key != "parameter"}
    parameters = {**without, "parameter": rest} if rest else None
    return (holders[0]["resource"] if holders else None), parameters


def _stored(context: Context, request: InteractionRequest) -> Resource:
    key = (request.resource_type, request.resource_id)
    with context.store.snapshot(one_statement=True) as snapshot:
        version = existing(snapshot.read(*key), key)
    content: Any = parse(version.content or b"{}")
    return dict(content)


def _issues(
    context: Context, request: InteractionRequest, resource: Any, asked: _Asked
) -> list[Issue]:
    name = request.resource_type
    any_target = not context.refuse_dangling
    found = all_issues(resource, name, profiles=asked.profiles, any_target=any_target)
    if name == "QuestionnaireResponse" and not any(map(is_error, found)):
        found = [*_answers(context, resource), *found]
    return found


def _answers(context: Context, response: Resource) -> Iterator[Issue]:
    """Compare a response with its Questionnaire, where that is contained or stored here."""
    canonical = str(response.get("questionnaire", ""))
    if canonical.startswith("#"):
        found = [each for each in response["contained"] if each.get("id") == canonical[1:]]
    elif canonical:
        with context.store.snapshot() as snapshot:
            found = _questionnaires(context, snapshot, canonical)
    else:
        found = []
    if found:
        yield from answer_issues(response, found[0])
    elif canonical:
        where = ("QuestionnaireResponse.questionnaire",)
        sentence = "The Questionnaire is not held here; the answers were not compared with it."
        yield Issue("not-found", sentence, where, "information")


def _questionnaires(context: Context, snapshot: Snapshot, canonical: str) -> list[Resource]:
    url, version = split_canonical(canonical)
    escaped = "".join(f"\\{each}" if each in "\\,|$" else each for each in url)
    parameters = (("url", escaped), ("_sort", "-_lastUpdated"))
    page = snapshot.search(context.parse_search("Questionnaire", parameters))
    contents: list[Any] = [parse(each.content or b"{}") for each in page.versions]
    return [each for each in contents if version in {None, each.get("version")}]


def _tried(
    context: Context, request: InteractionRequest, resource: Any, mode: str
) -> tuple[Issue, ...]:
    """Try the write in a transaction that is then rolled back; give what stands against it."""
    try:
        _try(context, request, (resource, mode))
    except Failure as failure:
        return failure.issues
    except _TakenBack:
        pass
    return ()


def _try(context: Context, request: InteractionRequest, tried: tuple[Any, str]) -> None:
    with context.store.transaction() as transaction:
        admit(transaction, _changes(transaction, context, request, tried), context)
        raise _TakenBack


def _changes(
    transaction: Transaction,
    context: Context,
    request: InteractionRequest,
    tried: tuple[Any, str],
) -> list[Change]:
    resource, mode = tried
    name = request.resource_type
    if mode == "delete":
        key = (name, request.resource_id)
        previous = existing(transaction.read_for_update([key]).get(key), key)
        change = delete.propose(request, previous).change
        return [change] if change else []
    checked = check(resource, name, any_target=not context.refuse_dangling)
    if mode == "create":
        return [Change(name, context.new_id(), checked, None, "POST")]
    aimed = replace(request, resource_id=request.resource_id or str(checked.get("id", "")))
    check_body_id(checked, aimed)
    key = (name, aimed.resource_id)
    change = update.propose(aimed, transaction.read_for_update([key]).get(key))
    change.resource = checked
    return [change]
