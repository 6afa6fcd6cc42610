"""The $-operations that FHIR defines, from `operations.json`: one row an address.

https://hl7.org/fhir/R4/operations.html

Each is asked by GET with its parameters in the address, or by POST with a Parameters resource.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from api.http.openapi import examples
from api.http.openapi.content import answer, body, shown
from api.http.openapi.errors import refusals
from api.http.openapi.interactions import PathItem, path_id
from api.http.openapi.parameters import Parameter, named
from api.http.openapi.published import PUBLISHED, TERMINOLOGY_TAG

DATA = Path(__file__).parent / "operations.json"
PARAMETERS = {"$ref": "#/components/schemas/Parameters"}
RESOURCE = {"$ref": "#/components/schemas/Resource"}
SCHEMAS = {
    "Parameters": PARAMETERS,
    "Bundle": {"$ref": "#/components/schemas/Bundle"},
    "ValueSet": RESOURCE,
    "OperationOutcome": {"$ref": "#/components/schemas/OperationOutcome"},
}
# How the value of a parameter is written in an address.
_TYPES: Mapping[str, Mapping[str, str]] = {
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "instant": {"$ref": "#/components/schemas/instant"},
    "date": {"$ref": "#/components/schemas/date"},
}


def operation_paths(tag: str) -> dict[str, PathItem]:
    """Give the operations of one group of the page."""
    rows = [row for row in _data()["operations"] if row["tag"] == tag]
    paths: dict[str, PathItem] = _stored_paths() if tag == TERMINOLOGY_TAG else {}
    for row in rows:
        paths[row["path"]] = {method: _operation(row, method) for method in row["methods"]}
    return paths


@cache
def _data() -> dict[str, Any]:
    return dict(json.loads(DATA.read_text(encoding="utf-8")))


def _operation(row: Mapping[str, Any], method: str) -> dict[str, Any]:
    is_form = method == "post" and len(row["methods"]) > 1
    operation: dict[str, Any] = {
        "tags": [row["tag"]],
        "operationId": row["operationId"] + ("ByParameters" if is_form else ""),
        "summary": row["summary"],
    }
    if row["description"]:
        operation["description"] = row["description"]
    parameters = [path_id(_id_in(row["path"]))] if "{id}" in row["path"] else []
    if method == "get":
        parameters += [_query(each) for each in row["query"]]
    else:
        parameters += named("IfMatch") if row["headers"] else []
        operation["requestBody"] = body(PARAMETERS, shown(row["summary"], row["body"]))
    if parameters:
        operation["parameters"] = parameters
    answered = answer(
        row["answerText"],
        SCHEMAS[row["answer"]],
        shown(row["summary"], row["example"]),
        tuple(row["headers"]),
    )
    left_out = {"TooLarge", "MediaType"} if method == "get" else set()
    refused = [name for name in row["refusals"] if name not in left_out]
    operation["responses"] = {"200": answered, **refusals(*refused)}
    return operation


def _query(row: Mapping[str, Any]) -> Parameter:
    parameter: Parameter = {
        "name": row["name"],
        "in": "query",
        "description": row["description"],
        "schema": dict(_TYPES.get(row["type"], {"type": "string"})),
    }
    return parameter | ({"example": row["example"]} if "example" in row else {})


def _id_in(path: str) -> str:
    resource_type = path.split("/")[1]
    if resource_type in PUBLISHED:
        return examples.read_id(resource_type)
    return str(_data()["stored"][resource_type]["id"])


def _stored_paths() -> dict[str, PathItem]:
    """Give the updates that store what the operations on an instance are then asked about."""
    return {f"/{name}/{{id}}": {"put": _put(name, row)} for name, row in _data()["stored"].items()}


def _put(name: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    example = shown(f"A {name} of your own", resource)
    return {
        "tags": [TERMINOLOGY_TAG],
        "operationId": f"store{name}",
        "summary": f"Store a {name}",
        "description": "An ordinary update; the other interactions stand under every other type.",
        "parameters": [path_id(str(resource["id"])), *named("IfMatch", "PreferReturn")],
        "requestBody": body(RESOURCE, example),
        "responses": {
            "200": answer("Updated.", RESOURCE, example, ("ETag", "Last-Modified", "Location")),
            "201": answer("Created.", RESOURCE, example, ("ETag", "Last-Modified", "Location")),
            **refusals("InvalidResource", "UnknownId", "NotAcceptable", "WriteConflict"),
            **refusals("PreconditionFailed", "TooLarge", "MediaType", "Unprocessable", "Busy"),
        },
    }
