"""FHIR history interactions on the three levels: instance, type and system.

https://hl7.org/fhir/R4/http.html#history

Newest first, in the order of commits. A deletion is an entry without a resource.
"""

from dataclasses import dataclass

from api.fhir.bundle import bundle, history_entry, query_text, version_response
from api.fhir.dates import parse_instant, parse_search_date
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.registry import registry
from api.interactions.context import (
    Context,
    InteractionRequest,
    InteractionResult,
    Parameters,
    served_type,
)
from api.interactions.page_token import PAGE, split_page
from api.store.history import HistoryScope, HistoryWindow
from api.store.session import Snapshot
from api.store.version import StoredVersion

DEFAULT_COUNT = 50
MAX_COUNT = 1000
TAKEN = ("_count", "_since", "_at")


@dataclass(frozen=True, slots=True)
class _Asked:
    window: HistoryWindow
    understood: Parameters


def history(snapshot: Snapshot, context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer one page of versions."""
    scope = _scope(request)
    token, parameters = split_page(request.parameters)
    asked = _asked(context, parameters, lenient=request.prefer.lenient)
    query = query_text(asked.understood)
    path = "/".join(
        part for part in (request.resource_type, request.resource_id, "_history") if part
    )
    signed_scope = f"{path}?{query}"
    window = asked.window
    if token is not None:
        before = context.tokens.read(token, signed_scope)
        window = HistoryWindow(window.count, window.since, window.at, before)
    page = snapshot.history(scope, window)
    if request.interaction == "history-instance" and not page.versions:
        _refuse_unknown(snapshot, request)
    entries = [
        _entry(context, version, is_new=version.change_seq in page.created)
        for version in page.versions
    ]
    address = f"{context.base_url}/{signed_scope}".rstrip("?")
    links = [("self", address)]
    total = len(entries) if page.next is None and window.before is None else None
    if page.next is not None:
        separator = "&" if query else "?"
        sign = context.tokens.sign(page.next, signed_scope)
        links.append(("next", f"{address}{separator}{PAGE}={sign}"))
    return InteractionResult(200, body=bundle("history", entries, links, total))


def _scope(request: InteractionRequest) -> HistoryScope:
    if not request.resource_type:
        # R4 knows no Assessment, so a client that asks for everything is not handed one.
        logical = tuple(row.name for row in registry().types.values() if row.is_logical)
        return HistoryScope(excluded_types=logical)
    served_type(request.resource_type)
    return HistoryScope(request.resource_type, request.resource_id or None)


def _refuse_unknown(snapshot: Snapshot, request: InteractionRequest) -> None:
    if snapshot.read(request.resource_type, request.resource_id) is None:
        raise Failure(
            FailureKind.UNKNOWN_ID,
            f"{request.resource_type}/{request.resource_id} does not exist here.",
        )


def _asked(context: Context, parameters: Parameters, *, lenient: bool) -> _Asked:
    count, since, at = DEFAULT_COUNT, None, None
    understood = []
    for name, value in parameters:
        if name not in TAKEN:
            if lenient:
                continue
            raise _refused(name, f"A history takes {', '.join(TAKEN)}.", "not-supported")
        if name == "_count":
            count = _count(value)
        elif name == "_since":
            since = parse_instant(value, "_since")
        else:
            interval = parse_search_date(value, context.zone, "_at")
            at = (interval.low, interval.high)
        understood.append((name, str(count) if name == "_count" else value))
    return _Asked(HistoryWindow(count, since, at), tuple(understood))


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) > 0):  # noqa: PLR2004 - more digits than any page
        raise _refused("_count", "_count takes a whole number of at least 1.", "value")
    return min(int(value), MAX_COUNT)


def _refused(name: str, sentence: str, code: str) -> Failure:
    return Failure(FailureKind.INVALID, Issue(code, sentence, (f"http.{name[:64]}",)))


def _entry(context: Context, version: StoredVersion, *, is_new: bool) -> bytes:
    status = 204 if version.is_deleted else 201 if is_new else 200
    return history_entry(
        context.base_url,
        f"{version.resource_type}/{version.resource_id}",
        version.content,
        version.method,
        version_response(status, version.version_id, version.last_updated),
    )
