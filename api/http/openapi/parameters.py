"""Parameters and headers: path ids, search parameters with their meaning, conditional headers."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from api.fhir.registry import SearchParameter, registry
from api.fhir.search_parameter import MODIFIERS

Parameter: TypeAlias = dict[str, Any]

# search parameter type → how its value is written; https://hl7.org/fhir/R4/search.html#ptypes
HOW: Mapping[str, str] = {
    "string": "text it starts with, whatever case or accent",
    "token": "`code`, `system|code`, `|code` or `system|`",
    "date": "`2026-11-22`, with eq ne gt lt ge le sa eb ap before it",
    "reference": "`Patient/id`, or `id` alone where the type is clear",
    "number": "a number, with eq ne gt lt ge le sa eb ap before it",
    "quantity": "`4|http://unitsofmeasure.org|deg`, with a prefix such as lt before it",
    "uri": "the whole address",
}

COMMON: Mapping[str, Parameter] = {
    "VersionId": {
        "name": "vid",
        "in": "path",
        "required": True,
        "description": "Version, as `meta.versionId` and the ETag name it.",
        "schema": {"$ref": "#/components/schemas/id"},
        "example": "1",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": 'Only when this is the current version: `W/"3"`. Otherwise 412.',
        "schema": {"type": "string"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": 'Answer 304 without a body when this version is the current one: `W/"3"`.',
        "schema": {"type": "string"},
    },
    "IfModifiedSince": {
        "name": "If-Modified-Since",
        "in": "header",
        "description": "Answer 304 when nothing changed since: `Sun, 22 Nov 2026 02:15:39 GMT`.",
        "schema": {"type": "string"},
    },
    "IfNoneExist": {
        "name": "If-None-Exist",
        "in": "header",
        "description": (
            "Create only when no resource matches this search, such as "
            "`identifier=https://clinic.example.org/runner|4711`. One match: it is answered with "
            "200 and nothing is created. Several: 412."
        ),
        "schema": {"type": "string"},
    },
    "PreferReturn": {
        "name": "Prefer",
        "in": "header",
        "description": (
            "What a write answers: `return=representation` (the resource, the default), "
            "`return=minimal` (headers only) or `return=OperationOutcome`."
        ),
        "schema": {"type": "string"},
    },
    "PreferHandling": {
        "name": "Prefer",
        "in": "header",
        "description": (
            "`handling=lenient` drops search parameters that are not known and says so in the "
            "Bundle, instead of refusing with 400."
        ),
        "schema": {"type": "string"},
    },
    "Count": {
        "name": "_count",
        "in": "query",
        "description": "Entries on a page: 20 unless told, at most 1000.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Sort": {
        "name": "_sort",
        "in": "query",
        "description": "Parameters to sort by, `-` for descending: `-date,_id`.",
        "schema": {"type": "string"},
    },
    "Total": {
        "name": "_total",
        "in": "query",
        "description": "`accurate` counts all matches. Otherwise the total comes only when the "
        "matches fit the page.",
        "schema": {"type": "string", "enum": ["none", "estimate", "accurate"]},
    },
    "Summary": {
        "name": "_summary",
        "in": "query",
        "description": "`count` answers the number of matches alone.",
        "schema": {"type": "string", "enum": ["count", "false"]},
    },
    "Since": {
        "name": "_since",
        "in": "query",
        "description": "Only versions from this instant on.",
        "schema": {"$ref": "#/components/schemas/instant"},
    },
    "At": {
        "name": "_at",
        "in": "query",
        "description": "Only versions that were current at some time during this date or instant.",
        "schema": {"$ref": "#/components/schemas/dateTime"},
    },
}
RESULT = ("Sort", "Count", "Total", "Summary")
RESPONSE_HEADERS: Mapping[str, dict[str, Any]] = {
    "ETag": {
        "description": "The version, for If-Match and If-None-Match.",
        "schema": {"type": "string"},
        "example": 'W/"1"',
    },
    "LastModified": {
        "description": "When this version was stored.",
        "schema": {"type": "string"},
        "example": "Sun, 22 Nov 2026 02:15:39 GMT",
    },
    "Location": {
        "description": "The version that was written: `[base]/[type]/[id]/_history/[vid]`.",
        "schema": {"type": "string"},
        "example": "http://127.0.0.1:8000/fhir/Patient/my-runner/_history/1",
    },
}


def named(*names: str) -> list[Parameter]:
    """Refer to the shared parameters of these names."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def shared_parameters() -> dict[str, Parameter]:
    """Give `components.parameters`: the ones above, and the search parameters of every type."""
    anywhere = (each for each in searchable("Patient") if each.code.startswith("_"))
    return {**COMMON, **{each.code: query_parameter(each) for each in anywhere}}


def search_parameters(resource_type: str, first: Mapping[str, str]) -> list[Parameter]:
    """Give the query of a search; `first` holds parameters that a form shows filled in."""
    own = [each for each in searchable(resource_type) if not each.code.startswith("_")]
    own.sort(key=lambda each: each.code not in first)
    written = [query_parameter(each, first.get(each.code)) for each in own]
    common = [each.code for each in searchable(resource_type) if each.code.startswith("_")]
    return [*written, *named(*common, *RESULT), *named("PreferHandling")]


def search_form(first: Mapping[str, str]) -> dict[str, Any]:
    """Give the form of a search with the parameters that stand filled in.

    Swagger UI sends every field that a form lists, and an empty search parameter is refused; so the
    others are not listed again.
    """
    fields = {**first, "_count": "20"}
    return {
        "type": "object",
        "description": "Takes every parameter of the search by GET.",
        "properties": {
            name: {"type": "string", "example": value} for name, value in fields.items()
        },
        "additionalProperties": {"type": "string"},
    }


def searchable(resource_type: str) -> Iterable[SearchParameter]:
    """Give the parameters of the types that can be searched by."""
    found = registry().types[resource_type].search_parameters.values()
    return [each for each in found if each.type in HOW]


def query_parameter(parameter: SearchParameter, example: str | None = None) -> Parameter:
    """Describe a search parameter; one with an example stands filled in in a form."""
    written: Parameter = {
        "name": parameter.code,
        "in": "query",
        "description": meaning(parameter),
        "schema": {"type": "string"},
    }
    return written if example is None else {**written, "example": example}


def meaning(parameter: SearchParameter) -> str:
    """Say what it looks at and how its value is written."""
    text = parameter.description.rstrip(".") or "Comes with every resource"
    modifiers = ", ".join(f"`:{each}`" for each in MODIFIERS[parameter.type])
    return f"{text}. *{parameter.type}*: {HOW[parameter.type]}; {modifiers}."
