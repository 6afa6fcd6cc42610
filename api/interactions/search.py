"""FHIR search interaction on one resource type, and the answer that every search gives.

https://hl7.org/fhir/R4/search.html
"""

from collections.abc import Iterator

from api.fhir.bundle import bundle, outcome_entry, query_text
from api.fhir.outcome import Issue
from api.fhir.search_explanation import explanation
from api.fhir.search_query import SearchQuery
from api.interactions.context import (
    Context,
    InteractionRequest,
    InteractionResult,
    served_type,
)
from api.interactions.including import MAX_INCLUDED, Including, including
from api.interactions.page_token import PAGE, split_page
from api.interactions.search_entries import SearchEntries
from api.store.paging import Cursor, SearchPage
from api.store.session import Snapshot


def search_type(
    snapshot: Snapshot, context: Context, request: InteractionRequest
) -> InteractionResult:
    """Answer one page of the resources that match."""
    served_type(request.resource_type)
    _, parameters = split_page(request.parameters)
    query = context.parse_search(
        request.resource_type, parameters, lenient=request.prefer.lenient, snapshot=snapshot
    )
    return answer_search(snapshot, context, request, query, request.resource_type)


def answer_search(
    snapshot: Snapshot,
    context: Context,
    request: InteractionRequest,
    query: SearchQuery,
    path: str,
) -> InteractionResult:
    """Answer one page of any search; `path` is where it was asked, below the base."""
    token, _ = split_page(request.parameters)
    scope = f"{path}?{query_text(query.understood)}"
    cursor = None
    if token is not None:
        direction, values, watermark, total = context.tokens.read(token, scope)
        cursor = Cursor(direction, tuple(values), watermark, total)
    page = snapshot.search(query, cursor)
    along = including(snapshot, query.includes, page.versions) if query.includes else Including()
    entries = list(SearchEntries(context.base_url, query).of(page.versions, along))
    plan = snapshot.search_plan(query) if query.is_explained else []
    issues = list(_issues(query, along, plan))
    if issues:
        entries.append(outcome_entry(issues))
    links = _links(context, query, scope, page)
    return InteractionResult(200, body=bundle("searchset", entries, links, page.total))


def _links(
    context: Context, query: SearchQuery, scope: str, page: SearchPage
) -> list[tuple[str, str]]:
    address = f"{context.base_url}/{scope}".rstrip("?")
    links = [("self", address)]
    for relation, place in (("next", page.next), ("previous", page.previous)):
        if place is not None:
            signed = context.tokens.sign(
                (place.direction, place.values, place.watermark, place.total), scope
            )
            separator = "&" if query.understood else "?"
            links.append((relation, f"{address}{separator}{PAGE}={signed}"))
    return links


def _issues(query: SearchQuery, along: Including, plan: list[str]) -> Iterator[Issue]:
    """Say what was left out, and when asked how the rest was understood."""
    for name, reason in query.ignored:
        yield Issue("not-supported", reason, (f"http.{name}",), severity="warning")
    if along.is_cut:
        sentence = (
            f"More than {MAX_INCLUDED} resources, or too many steps of them, would come along with"
            " this page; not all of them did. Ask for fewer matches with _count."
        )
        yield Issue("incomplete", sentence, ("http._include",), severity="warning")
    if query.is_explained:
        yield from explanation(query, plan)
