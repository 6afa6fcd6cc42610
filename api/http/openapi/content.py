"""Bodies and answers: media types with their schema, examples and headers."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.http.openapi.errors import FHIR_JSON
from api.http.openapi.subject import Subject


def body(schema: Mapping[str, Any], *examples: Mapping[str, Any]) -> dict[str, Any]:
    """Give a required request body whose first example stands filled in."""
    return {"required": True, "content": {FHIR_JSON: content(schema, *examples)}}


def content(schema: Mapping[str, Any], *examples: Mapping[str, Any]) -> dict[str, Any]:
    """Give a media type with its examples, each an Example Object or a reference to one."""
    shown = {f"example-{index}": each for index, each in enumerate(examples, 1)}
    return {"schema": schema, "examples": shown}


def shown(summary: str, value: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
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
