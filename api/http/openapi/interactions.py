"""The FHIR interactions as OpenAPI operations: one row an interaction, the same for every type.

https://hl7.org/fhir/R4/http.html#summary
"""

from typing import Any, TypeAlias

from api.fhir.outcome import Issue, operation_outcome
from api.http.openapi.content import answer, body, bundle, headers, shown
from api.http.openapi.errors import refusals
from api.http.openapi.parameters import (
    RESULT,
    Parameter,
    named,
    query_parameter,
    search_form,
    search_parameters,
    searchable,
)
from api.http.openapi.patches import patch_operation
from api.http.openapi.subject import Subject

Operation: TypeAlias = dict[str, Any]
PathItem: TypeAlias = dict[str, Any]

FORM = "application/x-www-form-urlencoded"
STORED_HEADERS = ("ETag", "Last-Modified")
WRITTEN_HEADERS = (*STORED_HEADERS, "Location")


def type_paths(subject: Subject) -> dict[str, PathItem]:
    """Give the paths of one type, in the order in which a newcomer tries them."""
    root = subject.root
    shared = [] if subject.resource_type else named("ResourceType")
    paths = {
        root: {
            "post": _create(subject),
            "get": _search(subject),
            "put": _update_match(subject),
            "patch": patch_operation(subject, _criteria(subject), "conditionalPatch"),
            "delete": _delete_matches(subject),
        },
        f"{root}/{{id}}": {
            "put": _update(subject),
            "get": _read(subject),
            "patch": patch_operation(subject, [path_id(subject.written_id)], "patch"),
            "delete": _delete(subject),
        },
        f"{root}/{{id}}/_history": {"get": _history_instance(subject)},
        f"{root}/{{id}}/_history/{{vid}}": {"get": _vread(subject)},
        f"{root}/_history": {"get": _history_type(subject)},
        f"{root}/_search": {"post": _search_by_form(subject)},
    }
    if not shared:
        return paths
    return {path: {"parameters": shared, **item} for path, item in paths.items()}


def _create(subject: Subject) -> Operation:
    return {
        **_head(subject, "create", f"Create {subject.noun}"),
        "parameters": named("IfNoneExist", "PreferReturn"),
        "requestBody": body(subject.reference, subject.new),
        "responses": {
            "201": answer("Created.", subject.reference, subject.answered, WRITTEN_HEADERS),
            "200": answer(
                "If-None-Exist matched this one; nothing was created.",
                subject.reference,
                subject.answered,
                WRITTEN_HEADERS,
            ),
            **_write_refusals(subject, "PreconditionFailed"),
        },
    }


def _update(subject: Subject) -> Operation:
    return {
        **_head(
            subject,
            "update",
            f"Update {subject.noun}, or create it under an id of your own",
            "The body is the whole resource and carries the id of the address. An update that "
            "changes nothing makes no new version.",
        ),
        "parameters": [path_id(subject.written_id), *named("IfMatch", "PreferReturn")],
        "requestBody": body(subject.reference, subject.whole),
        "responses": {
            "200": answer("Updated.", subject.reference, subject.answered, WRITTEN_HEADERS),
            "201": answer("Created.", subject.reference, subject.answered, WRITTEN_HEADERS),
            **_write_refusals(subject, "PreconditionFailed"),
        },
    }


def _read(subject: Subject) -> Operation:
    return {
        **_head(subject, "read", f"Read {subject.noun}"),
        "parameters": [path_id(subject.read_id), *named("IfNoneMatch", "IfModifiedSince")],
        "responses": {
            "200": answer(
                "The current version.", subject.reference, subject.answered, STORED_HEADERS
            ),
            **_read_answers(),
        },
    }


def _vread(subject: Subject) -> Operation:
    return {
        **_head(subject, "vread", f"Read one version of {subject.noun}"),
        "parameters": [path_id(subject.read_id), *named("VersionId", "IfNoneMatch")],
        "responses": {
            "200": answer("That version.", subject.reference, subject.answered, STORED_HEADERS),
            **_read_answers(),
        },
    }


def _delete(subject: Subject) -> Operation:
    return {
        **_head(
            subject,
            "delete",
            f"Delete {subject.noun}",
            "Its history stays. Deleting what is not there is no error.",
        ),
        "parameters": [path_id(subject.written_id), *named("IfMatch")],
        "responses": {
            "204": {"description": "It is not there any more.", "headers": headers("ETag")},
            **refusals("InvalidRequest", "UnknownId", "NotAcceptable", "Referenced"),
            **refusals("PreconditionFailed", "Busy"),
        },
    }


def _update_match(subject: Subject) -> Operation:
    plain = _update(subject)
    return {
        **plain,
        **_head(
            subject,
            "conditionalUpdate",
            f"Update the {subject.name} that matches a search",
            "One match is updated, none is created, several are refused with 412. Any search "
            "parameters may be given; always read strictly.",
        ),
        "parameters": [*_criteria(subject), *named("IfMatch", "PreferReturn")],
    }


def _delete_matches(subject: Subject) -> Operation:
    outcome = operation_outcome([Issue("informational", "1 deleted.", severity="information")])
    return {
        **_head(
            subject,
            "conditionalDelete",
            f"Delete every {subject.name} that matches a search",
            "All of them or, when one may not go, none; at most 500. Any search parameters may "
            "be given; always read strictly.",
        ),
        "parameters": _criteria(subject),
        "responses": {
            "200": answer(
                "How many were deleted.",
                {"$ref": "#/components/schemas/OperationOutcome"},
                shown("One", outcome),
            ),
            **refusals("InvalidSearch", "UnknownId", "NotAcceptable", "Referenced"),
            **refusals("PreconditionFailed", "Busy"),
        },
    }


def _criteria(subject: Subject) -> list[Parameter]:
    parameter = next(
        each for each in searchable(subject.example["resourceType"]) if each.code == "_id"
    )
    return [query_parameter(parameter, subject.written_id)]


def _search(subject: Subject) -> Operation:
    parameters: list[Parameter]
    if subject.resource_type:
        parameters = search_parameters(subject.resource_type, subject.search)
    else:
        parameters = named("_id", "_lastUpdated", *RESULT, "PreferHandling")
    return {
        **_head(
            subject,
            "search",
            f"Search for {subject.noun}",
            "Parameters that are given must all match; values with a comma between them are "
            "alternatives. Follow the `next` link for more.",
        ),
        "parameters": parameters,
        "responses": {"200": bundle("searchset", subject), **_search_refusals()},
    }


def _search_by_form(subject: Subject) -> Operation:
    return {
        **_head(
            subject,
            "searchByForm",
            f"Search for {subject.noun} with a form",
            "The same search, with the parameters in the body, so that they stand in no log.",
        ),
        "parameters": named("PreferHandling"),
        "requestBody": {"content": {FORM: {"schema": search_form(subject.search)}}},
        "responses": {
            "200": bundle("searchset", subject),
            **_search_refusals(),
            **refusals("TooLarge", "MediaType"),
        },
    }


def _history_instance(subject: Subject) -> Operation:
    return {
        **_head(subject, "history", f"History of {subject.noun}", "Newest first."),
        "parameters": [path_id(subject.read_id), *named("Count", "Since", "At")],
        "responses": {
            "200": bundle("history", subject),
            **refusals("InvalidSearch", "UnknownId", "NotAcceptable", "Busy"),
        },
    }


def _history_type(subject: Subject) -> Operation:
    return {
        **_head(subject, "historyOfType", f"History of every {subject.name}", "Newest first."),
        "parameters": named("Count", "Since", "At"),
        "responses": {
            "200": bundle("history", subject),
            **refusals("InvalidSearch", "UnknownId", "NotAcceptable", "Busy"),
        },
    }


def _head(subject: Subject, verb: str, summary: str, description: str = "") -> Operation:
    operation_id = f"{verb}{subject.name}"
    head: Operation = {"tags": [subject.tag], "operationId": operation_id, "summary": summary}
    return {**head, "description": description} if description else head


def path_id(example: str) -> Parameter:
    """Give the path parameter of a logical id."""
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "Logical id: 1 to 64 letters, digits, hyphens and dots.",
        "schema": {"$ref": "#/components/schemas/id"},
        "example": example,
    }


def _read_answers() -> dict[str, Any]:
    return {
        "304": {"description": "Unchanged; no body.", "headers": headers("ETag")},
        **refusals("InvalidRequest", "UnknownId", "Deleted", "NotAcceptable", "Busy"),
    }


def _search_refusals() -> dict[str, Any]:
    return refusals("InvalidSearch", "UnknownId", "NotAcceptable", "Busy")


def _write_refusals(subject: Subject, *more: str) -> dict[str, Any]:
    is_ours = subject.resource_type == "Assessment"
    return refusals(
        "InvalidResource",
        "UnknownId",
        "NotAcceptable",
        "WriteConflict",
        *more,
        "TooLarge",
        "MediaType",
        "UnprocessableAssessment" if is_ours else "Unprocessable",
        "Busy",
    )
