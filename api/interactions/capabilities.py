"""FHIR capabilities interaction: what this server does, from the same rows that make it do so.

https://hl7.org/fhir/R4/http.html#capabilities

Assessment is no R4 type. It stands in an extension, so that the statement itself is valid R4.
"""

from functools import lru_cache
from typing import Any

import orjson

from api.fhir import definitions
from api.fhir.index_values import TABLES
from api.fhir.registry import ResourceType, SearchParameter, registry
from api.interactions.addressing import SHAPES
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.interactions.operation_rows import OPERATIONS, SYSTEM, OperationRow
from api.interactions.patch_formats import FORMATS
from api.store.session import Snapshot

CANONICAL = "https://runspine.example.org/fhir"
RELEASED = "2026-11-22"

TYPE_SHAPES = ("*", "*/_search", "*/_history", "*/*", "*/*/_history", "*/*/_history/*")
SYSTEM_INTERACTIONS = ("transaction", "batch", "search-system", "history-system")


def capabilities(
    _snapshot: Snapshot, context: Context, _request: InteractionRequest
) -> InteractionResult:
    """Answer the CapabilityStatement."""
    return InteractionResult(200, body=_statement(context.base_url, context.software_version))


def interactions_of(row: ResourceType) -> list[str]:
    """Give the codes of the interactions that a type has, as the routes have them."""
    if not row.is_stored:
        return []
    return sorted({code for shape in TYPE_SHAPES for code in SHAPES[shape].values()})


def searched_by(row: ResourceType) -> list[SearchParameter]:
    """Give the search parameters that this release serves."""
    return [each for each in row.search_parameters.values() if each.type in TABLES]


@lru_cache(maxsize=4)
def _statement(base_url: str, version: str) -> bytes:
    rows = registry().types.values()
    statement = {
        "resourceType": "CapabilityStatement",
        "url": f"{CANONICAL}/CapabilityStatement/runspine",
        "version": version,
        "name": "RunSpine",
        "title": "RunSpine: records for clinics that treat runners with spinal pain",
        "status": "active",
        "date": RELEASED,
        "publisher": "RunSpine",
        "kind": "instance",
        "software": {"name": "RunSpine", "version": version, "releaseDate": RELEASED},
        "implementation": {"description": "RunSpine FHIR server", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "patchFormat": list(FORMATS),
        "rest": [
            {
                "extension": [_logical(row) for row in rows if row.is_logical],
                "mode": "server",
                "documentation": "Unknown search parameters are refused with 400 unless the "
                "request says Prefer: handling=lenient.",
                "security": {
                    "cors": True,
                    "description": "Open on loopback: authorisation comes in a later release.",
                },
                "resource": [
                    _resource(row) for row in rows if row.is_stored and not row.is_logical
                ],
                "interaction": [{"code": code} for code in SYSTEM_INTERACTIONS],
                **_system_operations(),
                "compartment": [
                    f"http://hl7.org/fhir/CompartmentDefinition/{name[0].lower()}{name[1:]}"
                    for name in definitions.compartments()
                ],
            }
        ],
    }
    return orjson.dumps(statement)


def _resource(row: ResourceType) -> dict[str, Any]:
    described = {
        "type": row.name,
        "interaction": [{"code": code} for code in interactions_of(row)],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "multiple",
        "referencePolicy": ["literal", "logical", "enforced"],
        "searchParam": [_parameter(each) for each in searched_by(row)],
        "operation": [_operation(each) for each in _operations_of(row.name)],
    }
    # FHIR knows no empty list.
    return {name: value for name, value in described.items() if value != []}


def _operations_of(resource_type: str) -> list[OperationRow]:
    """Give the operations on a type, at its own level or on an instance."""
    return [
        row
        for row in OPERATIONS
        if any(level != SYSTEM and row.is_on(resource_type, level) for level in row.levels)
    ]


def _system_operations() -> dict[str, list[dict[str, str]]]:
    rows = [_operation(row) for row in OPERATIONS if SYSTEM in row.levels]
    return {"operation": rows} if rows else {}


def _operation(row: OperationRow) -> dict[str, str]:
    return {"name": row.name, "definition": row.definition}


def _parameter(parameter: SearchParameter) -> dict[str, Any]:
    return {
        "name": parameter.code,
        "definition": parameter.url,
        "type": parameter.type,
        "documentation": parameter.description,
    }


def _logical(row: ResourceType) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"url": "type", "valueCode": row.name}]
    parts += [{"url": "interaction", "valueCode": code} for code in interactions_of(row)]
    for parameter in searched_by(row):
        parts.append(
            {
                "url": "searchParam",
                "extension": [
                    {"url": "name", "valueString": parameter.code},
                    {"url": "type", "valueCode": parameter.type},
                    {"url": "documentation", "valueString": parameter.description},
                ],
            }
        )
    parts += [
        {"url": "operation", "valueString": operation.code}
        for operation in _operations_of(row.name)
    ]
    return {"url": f"{CANONICAL}/StructureDefinition/logical-type", "extension": parts}
