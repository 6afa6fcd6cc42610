"""FHIR search interaction on several resource types at once, or on all of them.

https://hl7.org/fhir/R4/http.html#vsearch

`_type` names the types; without it every R4 type is searched. R4 knows no Assessment, so it is
found only when `_type` names it.
"""

from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.interactions.page_token import split_page
from api.interactions.search import answer_search
from api.store.session import Snapshot


def search_system(
    snapshot: Snapshot, context: Context, request: InteractionRequest
) -> InteractionResult:
    """Answer one page of the resources that match, of whatever type."""
    _, parameters = split_page(request.parameters)
    query = context.parse_search("", parameters, lenient=request.prefer.lenient, snapshot=snapshot)
    return answer_search(snapshot, context, request, query, "")
