"""PATCH, by id and by criteria: JSON Patch and FHIRPath Patch.

https://hl7.org/fhir/R4/http.html#patch
"""

from typing import Any

from api.http.openapi.content import answer, content, shown
from api.http.openapi.errors import FHIR_JSON, refusals
from api.http.openapi.parameters import Parameter, named
from api.http.openapi.subject import Subject

JSON_PATCH = "application/json-patch+json"
PARAMETERS = {"$ref": "#/components/schemas/Parameters"}
OPERATIONS = {
    "type": "array",
    "maxItems": 200,
    "items": {
        "type": "object",
        "required": ["op", "path"],
        "properties": {
            "op": {"type": "string", "enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string", "description": "JSON Pointer: `/name/0/family`."},
            "from": {"type": "string", "description": "JSON Pointer, of move and copy."},
            "value": {"description": "Any JSON, of add, replace and test."},
        },
    },
}


def patch_operation(subject: Subject, parameters: list[Parameter], verb: str) -> dict[str, Any]:
    """Describe a patch; `parameters` say of what, `verb` begins its operation id."""
    by_criteria = verb == "conditionalPatch"
    which = f"the {subject.name} that matches a search" if by_criteria else subject.noun
    return {
        "tags": [subject.tag],
        "operationId": f"{verb}{subject.name}",
        "summary": f"Change parts of {which}",
        "description": (
            "JSON Patch or FHIRPath Patch, by its media type; at most 200 operations. The result "
            "is checked like an update. A patch that changes nothing makes no new version."
        ),
        "parameters": [*parameters, *named("IfMatch", "PreferReturn")],
        "requestBody": {
            "required": True,
            "content": {
                FHIR_JSON: content(PARAMETERS, shown("Without a language", _deletion(subject))),
                JSON_PATCH: content(
                    {"$ref": "#/components/schemas/JSONPatch"},
                    {"$ref": "#/components/examples/JSONPatch"},
                ),
            },
        },
        "responses": {
            "200": answer(
                "The resource as it is now.",
                subject.reference,
                subject.answered,
                ("ETag", "Last-Modified", "Location"),
            ),
            **refusals("InvalidResource", "UnknownId", "Deleted", "NotAcceptable"),
            **refusals("WriteConflict", "PreconditionFailed", "TooLarge", "MediaType"),
            **refusals("Unprocessable", "Busy"),
        },
    }


JSON_PATCH_EXAMPLE = shown(
    "In Australian English", [{"op": "add", "path": "/language", "value": "en-AU"}]
)


def _deletion(subject: Subject) -> dict[str, Any]:
    path = f"{subject.example['resourceType']}.language"
    part = [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": path}]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}
