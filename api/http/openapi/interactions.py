"""The FHIR interactions as OpenAPI operations: one row an interaction, the same for every type.

https://hl7.org/fhir/R4/http.html#summary
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from api.http.openapi.errors import FHIR_JSON, refusals
from api.http.openapi.parameters import (
    RESULT,
    Parameter,
    named,
    search_form,
    search_parameters,
)

Operation: TypeAlias = dict[str, Any]
PathItem: TypeAlias = dict[str, Any]

FORM = "application/x-www-form-urlencoded"
STORED_HEADERS = ("ETag", "Last-Modified")
WRITTEN_HEADERS = (*STORED_HEADERS, "Location")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an interaction is described for: one resource type, or any of the unpublished ones."""

    resource_type: str  # "" stands for any other type
    tag: str
    noun: str
    schema: str
    example: Mapping[str, Any]  # a resource to write, with its id
    read_id: str  # an id that is there once the examples above it have run, or in the demo clinic
    outline: Mapping[str, Any]  # what a Bundle shows of it
    search: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The ending of operation ids."""
        return self.resource_type or "Resource"

    @property
    def root(self) -> str:
        """The address of the type below the base."""
        return f"/{self.resource_type or '{resourceType}'}"

    @property
    def written_id(self) -> str:
        """The id that the example of an update writes."""
        return str(self.example["id"])

    @property
    def whole(self) -> dict[str, str]:
        """The example as an update sends it: with its id."""
        return {"$ref": f"#/components/examples/{self.example['resourceType']}"}

    @property
    def answered(self) -> dict[str, str]:
        """The example as it comes back: with meta, and with what the server worked out."""
        return {"$ref": f"#/components/examples/{self.example['resourceType']}.answer"}

    @property
    def new(self) -> dict[str, str]:
        """The example as it is sent to be created: without an id."""
        return {"$ref": f"#/components/examples/{self.example['resourceType']}.new"}

    @property
    def reference(self) -> dict[str, str]:
        """The schema of one resource."""
        return {"$ref": f"#/components/schemas/{self.schema}"}


def type_paths(subject: Subject) -> dict[str, PathItem]:
    """Give the paths of one type, in the order in which a newcomer tries them."""
    root = subject.root
    shared = [] if subject.resource_type else named("ResourceType")
    paths = {
        root: {"post": _create(subject), "get": _search(subject)},
        f"{root}/{{id}}": {
            "put": _update(subject),
            "get": _read(subject),
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
        "parameters": [_id(subject.written_id), *named("IfMatch", "PreferReturn")],
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
        "parameters": [_id(subject.read_id), *named("IfNoneMatch", "IfModifiedSince")],
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
        "parameters": [_id(subject.read_id), *named("VersionId", "IfNoneMatch")],
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
        "parameters": [_id(subject.written_id), *named("IfMatch")],
        "responses": {
            "204": {"description": "It is not there any more.", "headers": headers("ETag")},
            **refusals("InvalidRequest", "UnknownId", "NotAcceptable", "Referenced"),
            **refusals("PreconditionFailed", "Busy"),
        },
    }


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
    form: dict[str, Any]
    if subject.resource_type:
        form = {"$ref": f"#/components/schemas/{subject.resource_type}.search"}
    else:
        form = {"type": "object", "properties": {"_id": {"type": "string"}}}
    return {
        **_head(
            subject,
            "searchByForm",
            f"Search for {subject.noun} with a form",
            "The same search, with the parameters in the body, so that they stand in no log.",
        ),
        "parameters": named("PreferHandling"),
        "requestBody": {"content": {FORM: {"schema": form}}},
        "responses": {
            "200": bundle("searchset", subject),
            **_search_refusals(),
            **refusals("TooLarge", "MediaType"),
        },
    }


def _history_instance(subject: Subject) -> Operation:
    return {
        **_head(subject, "history", f"History of {subject.noun}", "Newest first."),
        "parameters": [_id(subject.read_id), *named("Count", "Since", "At")],
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


def search_forms(resource_types: Mapping[str, Any]) -> dict[str, Any]:
    """Give the schemas of the search forms, by component name."""
    return {f"{name}.search": search_form(name) for name in resource_types}


def body(schema: Mapping[str, Any], *examples: Mapping[str, Any]) -> dict[str, Any]:
    """Give a required request body whose first example stands filled in."""
    return {"required": True, "content": {FHIR_JSON: content(schema, *examples)}}


def content(schema: Mapping[str, Any], *examples: Mapping[str, Any]) -> dict[str, Any]:
    """Give a media type with its examples, each an Example Object or a reference to one."""
    shown = {f"example-{index}": each for index, each in enumerate(examples, 1)}
    return {"schema": schema, "examples": shown}


def shown(summary: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Give an Example Object."""
    return {"summary": summary, "value": value}


def answer(
    description: str,
    schema: Mapping[str, Any],
    example: Mapping[str, Any],
    header_names: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Give a response that carries a resource."""
    response: dict[str, Any] = {"description": description}
    if header_names:
        response["headers"] = headers(*header_names)
    return {**response, "content": {FHIR_JSON: content(schema, example)}}


def headers(*names: str) -> dict[str, Any]:
    """Refer to the response headers of these names."""
    return {name: {"$ref": f"#/components/headers/{name.replace('-', '')}"} for name in names}


def bundle(kind: str, subject: Subject) -> dict[str, Any]:
    """Give a response that carries a Bundle with one entry of this type."""
    root = f"http://127.0.0.1:8000/fhir/{subject.example['resourceType']}"
    resource = subject.outline
    entry: dict[str, Any] = {"fullUrl": f"{root}/{subject.read_id}", "resource": resource}
    if kind == "searchset":
        entry["search"] = {"mode": "match"}
        link = root
    else:
        entry["request"] = {"method": "PUT", "url": f"{resource['resourceType']}/{subject.read_id}"}
        entry["response"] = {"status": "201 Created", "etag": 'W/"1"'}
        link = f"{root}/_history"
    example = {
        "resourceType": "Bundle",
        "type": kind,
        "total": 1,
        "link": [{"relation": "self", "url": link}],
        "entry": [entry],
    }
    what = "One page of matches" if kind == "searchset" else "One page of versions"
    return answer(f"{what}.", {"$ref": "#/components/schemas/Bundle"}, shown(what, example))


def _head(subject: Subject, verb: str, summary: str, description: str = "") -> Operation:
    operation_id = f"{verb}{subject.name}"
    head: Operation = {"tags": [subject.tag], "operationId": operation_id, "summary": summary}
    return {**head, "description": description} if description else head


def _id(example: str) -> Parameter:
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
