"""The OpenAPI document: that it is true to the routes, complete for a reader, and runs."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from api.app import VERSION
from api.fhir.outcome import FailureKind
from api.fhir.registry import FIRST_CLASS, registry
from api.http.openapi import build_openapi, document_bytes, document_text, examples
from api.http.openapi.errors import REFUSALS
from api.http.openapi.parameters import COMMON, HOW
from api.http.openapi.published import PUBLISHED
from api.interactions.addressing import SHAPES

ROOT = Path(__file__).parents[3]
DOCUMENT = build_openapi(VERSION)
METHODS = {"get", "put", "post", "patch", "delete"}
OPERATIONS = [
    (method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in METHODS
]
IDS = [f"{method} {path}" for method, path, _ in OPERATIONS]
each_operation = pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)


def resolved(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


@cache
def validator(schema: str) -> jsonschema_rs.Draft7Validator:
    whole = {"components": DOCUMENT["components"], "allOf": [json.loads(schema)]}
    return jsonschema_rs.Draft7Validator(whole)


def problems(schema: Any, value: Any) -> list[str]:
    return [error.message for error in validator(json.dumps(schema)).iter_errors(value)]


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from resolved(operation.get("requestBody", {})).get("content", {}).values()
    for response in operation["responses"].values():
        yield from resolved(response).get("content", {}).values()


def test_the_committed_document_is_current() -> None:
    committed = (ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8")
    assert committed == document_text(VERSION), "run `python -m api openapi`"


def test_the_same_version_gives_the_same_bytes() -> None:
    assert document_bytes("1.0") == document_bytes("1.0")
    assert json.loads(document_bytes("1.0")) == json.loads(document_text("1.0"))


def test_the_document_is_small_enough_to_open_at_once() -> None:
    assert len(document_bytes(VERSION)) < 1_000_000


def test_every_reference_leads_somewhere() -> None:
    assert all(resolved({"$ref": each}) for each in set(references(DOCUMENT)))


def test_nothing_is_defined_and_never_used() -> None:
    used = set(references(DOCUMENT))
    kinds = ("schemas", "parameters", "headers", "responses", "examples")
    defined = {f"#/components/{kind}/{name}" for kind in kinds for name in _component(kind)}
    assert defined - used == set()


def _component(kind: str) -> list[str]:
    return list(DOCUMENT["components"][kind])


def test_the_four_of_the_story_come_first() -> None:
    assert [tag["name"] for tag in DOCUMENT["tags"]][:4] == list(FIRST_CLASS)
    assert list(dict.fromkeys(each["tags"][0] for _, _, each in OPERATIONS))[:4] == [*FIRST_CLASS]
    assert all(tag["description"] for tag in DOCUMENT["tags"])


def test_every_group_of_an_operation_is_described() -> None:
    described = {tag["name"] for tag in DOCUMENT["tags"]}
    assert {tag for _, _, each in OPERATIONS for tag in each["tags"]} == described


def test_operation_ids_are_unique_and_readable() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert [each for each, times in Counter(ids).items() if times > 1] == []
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", each) for each in ids)


def test_the_document_has_the_addresses_of_the_server_and_no_others() -> None:
    shapes = {
        (re.sub(r"\{\w+\}|^[A-Z]\w+", "*", path.strip("/")), method.upper())
        for method, path, _ in OPERATIONS
    }
    served = {(shape, method) for shape, methods in SHAPES.items() for method in methods}
    assert shapes == served


def test_every_stored_type_can_be_found() -> None:
    others = set(DOCUMENT["components"]["parameters"]["ResourceType"]["schema"]["enum"])
    stored = {name for name, row in registry().types.items() if row.is_stored}
    assert others | set(PUBLISHED) == stored
    assert not others & set(PUBLISHED)


@each_operation
def test_path_parameters_are_declared(method: str, path: str, operation: dict[str, Any]) -> None:  # noqa: ARG001 - names the test
    item = DOCUMENT["paths"][path]
    both = [*item.get("parameters", ()), *operation.get("parameters", ())]
    given = [resolved(each) for each in both]
    named = {each["name"] for each in given if each["in"] == "path"}
    assert named == set(re.findall(r"\{(\w+)\}", path))
    assert all("example" in each for each in given if each["in"] == "path")


@each_operation
def test_every_refusal_is_shown_as_an_outcome(
    method: str,  # noqa: ARG001 - names the test
    path: str,  # noqa: ARG001 - names the test
    operation: dict[str, Any],
) -> None:
    refused = [status for status in operation["responses"] if status >= "400"]
    assert "406" in refused
    for status in refused:
        content = resolved(operation["responses"][status])["content"]["application/fhir+json"]
        shown = [each["value"] for each in content["examples"].values()]
        assert shown
        assert all(each["resourceType"] == "OperationOutcome" for each in shown)
        assert all(issue["diagnostics"] for each in shown for issue in each["issue"])


@each_operation
def test_every_example_fits_its_schema(
    method: str,  # noqa: ARG001 - names the test
    path: str,  # noqa: ARG001 - names the test
    operation: dict[str, Any],
) -> None:
    for content in contents(operation):
        for example in content.get("examples", {}).values():
            assert problems(content["schema"], resolved(example)["value"]) == []


@each_operation
def test_a_body_stands_filled_in(method: str, path: str, operation: dict[str, Any]) -> None:
    if method not in {"post", "put", "patch"} or path.endswith("_search"):
        assert "requestBody" not in operation or path.endswith("_search")
        return
    content = operation["requestBody"]["content"]["application/fhir+json"]
    assert resolved(next(iter(content["examples"].values())))["value"]["resourceType"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_update_is_shown_with_the_id_of_its_address(name: str) -> None:
    operation = DOCUMENT["paths"][f"/{name}/{{id}}"]["put"]
    content = operation["requestBody"]["content"]["application/fhir+json"]
    example = resolved(content["examples"]["example-1"])["value"]
    assert operation["parameters"][0]["example"] == example["id"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_examples_write_is_never_the_demo(name: str) -> None:
    demo = {(each["resourceType"], each["id"]) for each in _demo()}
    assert (name, examples.resource(name)["id"]) not in demo


@pytest.mark.parametrize("name", PUBLISHED)
def test_examples_refer_to_what_the_demo_holds(name: str) -> None:
    demo = {f"{each['resourceType']}/{each['id']}" for each in _demo()}
    text = json.dumps(examples.resource(name))
    assert set(re.findall(r'"reference": "([^"]+)"', text)) <= demo


def test_reads_of_the_story_are_shown_with_ids_of_the_demo() -> None:
    demo = {(each["resourceType"], each["id"]) for each in _demo()}
    assert {(name, examples.read_id(name)) for name in FIRST_CLASS[:3]} <= demo


def _demo() -> list[dict[str, Any]]:
    bundle = json.loads((ROOT / "examples/demo/bundle.json").read_text(encoding="utf-8"))
    return [entry["resource"] for entry in bundle["entry"]]


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_search_parameter_is_listed_with_its_meaning(name: str) -> None:
    operation = DOCUMENT["paths"][f"/{name}"]["get"]
    given = {each["name"]: each for each in map(resolved, operation["parameters"])}
    served = {
        code: row for code, row in registry().types[name].search_parameters.items()
        if row.type in HOW
    }  # fmt: skip
    assert served.keys() <= given.keys()
    assert all(f"*{row.type}*" in given[code]["description"] for code, row in served.items())


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_form_lists_only_what_stands_filled_in(name: str) -> None:
    body = DOCUMENT["paths"][f"/{name}/_search"]["post"]["requestBody"]
    form = body["content"]["application/x-www-form-urlencoded"]["schema"]
    assert all(each["example"] for each in form["properties"].values())
    given = DOCUMENT["paths"][f"/{name}"]["get"]["parameters"]
    assert form["properties"].keys() <= {resolved(each)["name"] for each in given}


@pytest.mark.parametrize("name", PUBLISHED)
def test_schemas_have_elements_and_say_what_they_mean(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]
    assert schema["properties"]["resourceType"]["enum"] == [name]
    assert "resourceType" in schema["required"]
    silent = [
        key
        for key, each in schema["properties"].items()
        if "description" not in each and "enum" not in each
    ]
    assert silent in ([], ["resourceType"])


def test_codes_of_required_bindings_are_listed() -> None:
    gender = DOCUMENT["components"]["schemas"]["Patient"]["properties"]["gender"]
    assert gender["enum"] == ["female", "male", "other", "unknown"]


def test_the_evaluation_is_read_only() -> None:
    for name in ("Assessment", "Assessment.draft"):
        schema = DOCUMENT["components"]["schemas"][name]
        assert schema["properties"]["evaluation"]["readOnly"] is True


def test_an_evaluated_assessment_needs_no_status_or_subject() -> None:
    schema = DOCUMENT["components"]["schemas"]["Assessment.draft"]
    assert schema["required"] == ["resourceType"]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", ["2026", "2026-11", "2026-11-22"], ["26", "2026-13", "2026-11-22T09:30:00Z"]),
        (
            "dateTime",
            ["2026", "2026-11-22", "2026-11-22T09:30:00+11:00", "2026-11-22T09:30:00.123Z"],
            ["2026-11-22T09:30", "2026-11-22T09:30:00", "2026-11T09:30:00Z", "2026-11-22 09:30"],
        ),
        ("instant", ["2026-11-22T02:15:39.123Z"], ["2026-11-22", "2026-11-22T02:15:39"]),
        ("time", ["09:30:00"], ["09:30", "24:00:00"]),
        ("id", ["a", "A-1.b", "x" * 64], ["", "a b", "x" * 65, "ä"]),
        ("code", ["female", "two words"], ["", " female", "two  words"]),
    ],
)
def test_patterns_of_primitives_hold_what_r4_says(
    name: str, good: list[str], bad: list[str]
) -> None:
    schema = {"$ref": f"#/components/schemas/{name}"}
    assert [each for each in good if problems(schema, each)] == []
    assert [each for each in bad if not problems(schema, each)] == []


@pytest.mark.parametrize("kind", FailureKind)
def test_every_kind_of_failure_a_client_can_cause_is_shown(kind: FailureKind) -> None:
    shown = {refusal.kind.status for refusal in REFUSALS.values()}
    # A method that is not taken has no operation to stand under; 500 and 504 are ours to mend.
    assert kind.status in shown | {405, 500, 504}


@pytest.mark.parametrize(
    ("public_url", "server"),
    [
        ("", "/fhir"),
        ("http://127.0.0.1:8000", "/fhir"),
        ("https://records.example.org/clinic/", "/clinic/fhir"),
        ("https://records.example.org/clinic/fhir", "/clinic/fhir"),
    ],
)
def test_requests_go_to_the_host_that_the_page_came_from(public_url: str, server: str) -> None:
    assert build_openapi("1", public_url)["servers"][0]["url"] == server


def test_shared_parameters_say_what_they_do() -> None:
    assert all(parameter["description"] for parameter in COMMON.values())
