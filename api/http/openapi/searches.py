"""Search on several types, and within the compartment of a patient.

https://hl7.org/fhir/R4/http.html#vsearch
"""

from typing import Any

from api.http.openapi.content import bundle
from api.http.openapi.errors import refusals
from api.http.openapi.interactions import FORM, PathItem, path_id
from api.http.openapi.parameters import RESULT, Parameter, named
from api.http.openapi.published import SYSTEM_TAG
from api.http.openapi.subject import Subject

_TYPES: Parameter = {
    "name": "_type",
    "in": "query",
    "description": (
        "The types to search, with commas; without it every R4 type. Any parameter that all of "
        "them have may be given. An Assessment comes only when it is named."
    ),
    "schema": {"type": "string"},
    "example": "Patient,Encounter",
}
_MEMBERS: Parameter = {
    "name": "type",
    "in": "path",
    "required": True,
    "description": "A type that may belong to a patient, or `*` for all of them.",
    "schema": {"type": "string"},
    "example": "Encounter",
}


def search_system(subject: Subject) -> dict[str, Any]:
    """Give `GET /`, the search on several types."""
    return {
        "tags": [SYSTEM_TAG],
        "operationId": "searchSystem",
        "summary": "Search on several types",
        "parameters": [_TYPES, *named("_id", "_lastUpdated", "_tag", *RESULT, "PreferHandling")],
        "responses": {
            "200": bundle("searchset", subject),
            **refusals("InvalidSearch", "NotAcceptable", "Busy"),
        },
    }


def search_paths(subject: Subject) -> dict[str, PathItem]:
    """Give the search on several types by form, and those within a compartment."""
    by_form = {
        **search_system(subject),
        "operationId": "searchSystemByForm",
        "summary": "Search on several types with a form",
        "parameters": named("PreferHandling"),
        "requestBody": _form({"_type": "Patient,Encounter", "_count": "20"}),
    }
    by_form["responses"] |= refusals("TooLarge", "MediaType")
    within: dict[str, Any] = {
        "tags": [subject.tag],
        "operationId": "searchCompartment",
        "summary": "Search what belongs to a patient",
        "description": (
            "The same parameters as a search on the type. Encounter, Practitioner, RelatedPerson "
            "and Device have such a compartment too."
        ),
        "parameters": [
            path_id(subject.read_id),
            _MEMBERS,
            *named("_id", "_lastUpdated", *RESULT, "PreferHandling"),
        ],
        "responses": {
            "200": bundle("searchset", subject),
            **refusals("InvalidSearch", "UnknownId", "NotAcceptable", "Busy"),
        },
    }
    within_by_form = {
        **within,
        "operationId": "searchCompartmentByForm",
        "summary": "Search what belongs to a patient with a form",
        "parameters": [path_id(subject.read_id), _MEMBERS, *named("PreferHandling")],
        "requestBody": _form({"_count": "20"}),
    }
    within_by_form["responses"] = {**within["responses"], **refusals("TooLarge", "MediaType")}
    return {
        "/_search": {"post": by_form},
        "/Patient/{id}/{type}": {"get": within},
        "/Patient/{id}/{type}/_search": {"post": within_by_form},
    }


def _form(fields: dict[str, str]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "description": "Takes every parameter of the search by GET.",
        "properties": {
            name: {"type": "string", "example": value} for name, value in fields.items()
        },
        "additionalProperties": {"type": "string"},
    }
    return {"content": {FORM: {"schema": schema}}}
