"""FHIR search interaction on one resource type.

https://hl7.org/fhir/R4/search.html
"""

from api.fhir.bundle import bundle, outcome_entry, query_text, search_entry
from api.fhir.outcome import Issue
from api.fhir.search_query import SearchQuery
from api.interactions.context import (
    Context,
    InteractionRequest,
    InteractionResult,
    served_type,
)
from api.interactions.page_token import PAGE, split_page
from api.store.paging import Cursor
from api.store.session import Snapshot


def search_type(
    snapshot: Snapshot, context: Context, request: InteractionRequest
) -> InteractionResult:
    """Answer one page of the resources that match."""
    served_type(request.resource_type)
    token, parameters = split_page(request.parameters)
    query = context.parse_search(request.resource_type, parameters, lenient=request.prefer.lenient)
    scope = f"{request.resource_type}?{query_text(query.understood)}"
    cursor = None
    if token is not None:
        direction, values = context.tokens.read(token, scope)
        cursor = Cursor(direction, tuple(values))
    page = snapshot.search(query, cursor)
    entries = [
        search_entry(
            context.base_url, f"{version.resource_type}/{version.resource_id}", version.content
        )
        for version in page.versions
        if version.content is not None
    ]
    if query.ignored:
        entries.append(outcome_entry(_ignored(query)))
    address = f"{context.base_url}/{scope}".rstrip("?")
    links = [("self", address)]
    for relation, place in (("next", page.next), ("previous", page.previous)):
        if place is not None:
            signed = context.tokens.sign((place.direction, place.values), scope)
            separator = "&" if query.understood else "?"
            links.append((relation, f"{address}{separator}{PAGE}={signed}"))
    return InteractionResult(200, body=bundle("searchset", entries, links, page.total))


def _ignored(query: SearchQuery) -> list[Issue]:
    return [
        Issue("not-supported", reason, (f"http.{name}",), severity="warning")
        for name, reason in query.ignored
    ]
