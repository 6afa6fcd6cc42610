"""FHIR search interaction within a compartment: what belongs to one patient, encounter, and so on.

https://hl7.org/fhir/R4/http.html#vsearch and
https://hl7.org/fhir/R4/compartmentdefinition.html

`[compartment]/[id]/[type]` searches one type, `[compartment]/[id]/*` every type that may belong to
it. The parameters are those of the same search without the compartment.
"""

from collections.abc import Iterable
from dataclasses import replace

from api.fhir import definitions
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.registry import registry
from api.fhir.search_asked import Clause, SearchQuery
from api.fhir.search_condition import Condition, conjunction
from api.interactions.context import (
    Context,
    InteractionRequest,
    InteractionResult,
    served_type,
)
from api.interactions.page_token import split_page
from api.interactions.search import answer_search
from api.store.session import Snapshot

EVERY_TYPE = "*"


def search_compartment(
    snapshot: Snapshot, context: Context, request: InteractionRequest
) -> InteractionResult:
    """Answer one page of the resources of the compartment that match.

    Raises Failure UNKNOWN_ID for a type that has no compartment, or that never belongs to it.
    """
    served_type(request.compartment)
    rows = definitions.compartments().get(request.compartment)
    if rows is None:
        raise _not_there(f"{request.compartment} has no compartment.")
    if request.resource_type != EVERY_TYPE:
        served_type(request.resource_type)
        if request.resource_type not in rows:
            sentence = f"{request.resource_type} never belongs to a {request.compartment}."
            raise _not_there(sentence)
    query = _asked(snapshot, context, request, tuple(rows))
    parameters = (f"{name}.{code}" for name in query.types for code in rows.get(name, ()))
    within = Clause(request.compartment, (request.resource_id,), _belongs(request, parameters))
    path = f"{request.compartment}/{request.resource_id}/{request.resource_type}"
    narrowed = replace(query, clauses=(within, *query.clauses))
    return answer_search(snapshot, context, request, narrowed, path)


def _asked(
    snapshot: Snapshot, context: Context, request: InteractionRequest, types: tuple[str, ...]
) -> SearchQuery:
    _, parameters = split_page(request.parameters)
    lenient = request.prefer.lenient
    if request.resource_type != EVERY_TYPE:
        return context.parse_search(
            request.resource_type, parameters, lenient=lenient, snapshot=snapshot
        )
    named = {name for key, text in parameters if key == "_type" for name in text.split(",")}
    # R4 knows no Assessment: `*` does not stand for it.
    offered = (name for name in types if name in named or not registry().types[name].is_logical)
    return context.parse_search(
        "", parameters, lenient=lenient, types=tuple(offered), snapshot=snapshot
    )


def _belongs(request: InteractionRequest, parameters: Iterable[str]) -> Condition:
    centre = conjunction(
        ("target_type", "=", request.compartment), ("target_id", "=", request.resource_id)
    )
    return Condition("index_reference", "", (centre,), rank=0, parameters=tuple(parameters))


def _not_there(sentence: str) -> Failure:
    return Failure(FailureKind.UNKNOWN_ID, Issue("not-supported", sentence))
