"""The document against the server: its examples run as they stand, its refusals are the true ones.

A newcomer who opens `/docs` beside the demo clinic and presses Execute, from the first request to
the last, is answered with success each time.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from api.app import VERSION
from api.fhir.outcome import operation_outcome
from api.http.openapi import build_openapi, examples
from api.http.openapi.errors import REFUSALS
from tests.conftest import Databases
from tests.service import Service, running_service

ROOT = Path(__file__).parents[3]
DOCUMENT = build_openapi(VERSION)
FHIR_JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"

Probe = tuple[str, str, Any, dict[str, str]]


@pytest.fixture(scope="module")
def demo(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server with the demo clinic and its first plan, as `serve --demo` leaves it."""
    with running_service(databases.new("sqlite"), tmp_path_factory.mktemp("demo")) as service:
        bundle = (ROOT / "examples/demo/bundle.json").read_bytes()
        assert service.request("POST", "", bundle).status_code == 200
        first = examples.read_id("Assessment")
        assert service.request("POST", f"Assessment/{first}/$plan").status_code == 201
        yield service


def resolved(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def filled_in(method: str, path: str, operation: dict[str, Any]) -> tuple[str, list[Any]]:
    """Give the address and the bodies as they stand filled in on the page."""
    item = DOCUMENT["paths"][path]
    given = [resolved(p) for p in [*item.get("parameters", ()), *operation.get("parameters", ())]]
    shown = {each["name"]: each for each in given if "example" in each}
    address = re.sub(r"\{(\w+)\}", lambda name: shown[name[1]]["example"], path)
    query = [f"{n}={each['example']}" for n, each in shown.items() if each["in"] == "query"]
    content = operation.get("requestBody", {}).get("content", {}).get(FHIR_JSON, {})
    bodies = [resolved(each)["value"] for each in content.get("examples", {}).values()]
    assert bodies or method != "put"
    return address.strip("/") + ("?" + "&".join(query) if query else ""), bodies or [None]


def form_of(operation: dict[str, Any]) -> bytes:
    fields = operation["requestBody"]["content"][FORM]["schema"]["properties"]
    return urlencode({name: each["example"] for name, each in fields.items()}).encode()


def ways() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give every operation in the order of the page, deletes after all that needs their target."""
    every = [
        (method, path, operation)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]
    yield from (each for each in every if each[0] != "delete")
    yield from (each for each in every if each[0] == "delete")


def test_every_example_runs_as_it_stands(demo: Service) -> None:
    failed = []
    for method, path, operation in ways():
        address, bodies = filled_in(method, path, operation)
        for body in bodies:
            if path.endswith("_search"):
                answer = demo.request("POST", address, form_of(operation), Content_Type=FORM)
            else:
                answer = demo.request(method.upper(), address, body)
            if str(answer.status_code) not in operation["responses"] or not answer.is_success:
                failed.append((method, address, answer.status_code, answer.text[:300]))
    assert failed == []


def test_searches_that_stand_filled_in_find_the_demo(demo: Service) -> None:
    for name in ("Patient", "Encounter", "Assessment", "CarePlan", "Observation", "Goal"):
        address, _ = filled_in("get", f"/{name}", DOCUMENT["paths"][f"/{name}"]["get"])
        assert "?" in address
        assert demo.get(address).json()["entry"]


def test_answers_show_the_headers_that_come(demo: Service) -> None:
    answer = demo.get(f"Patient/{examples.read_id('Patient')}")
    shown = DOCUMENT["paths"]["/Patient/{id}"]["get"]["responses"]["200"]["headers"]
    assert {name.lower() for name in shown} <= set(answer.headers)


def test_the_evaluation_that_is_shown_is_the_one_that_is_made(demo: Service) -> None:
    answer = demo.request("POST", "Assessment/$evaluate", examples.resource("Assessment")).json()
    shown = examples.answer("Assessment")["evaluation"]
    # The hash in the ruleset may change without what the rules say of this runner.
    assert {**answer["evaluation"], "ruleset": ""} == {**shown, "ruleset": ""}, (
        "run `python -m api.http.openapi.record FHIR_BASE`"
    )


def test_the_plan_that_is_shown_is_the_one_that_is_drafted(demo: Service) -> None:
    drafted = demo.get(f"CarePlan/{examples.read_id('CarePlan')}").json()
    shown = examples.draft()
    assert shown["id"] == drafted["id"]
    assert shown.keys() == drafted.keys()
    for activity in shown["activity"]:
        codes = [each["detail"]["code"] for each in drafted["activity"]]
        assert activity["detail"]["code"] in codes


NO_RUNNER = {"reference": "Patient/no-such-runner"}
AMBULATORY = {"code": "AMB"}
ROOM = {
    "resourceType": "Location",
    "id": "my-location",
    "managingOrganization": {"reference": "Organization/my-organization"},
}
CODING = {"code": "bad"}
THREE_WRONG = {
    "resourceType": "Assessment",
    "status": "completed",
    "subject": {"reference": "Patient/demo-runner-01"},
    "item": [
        {"linkId": "mo.hip-extention.L", "answer": [{"valueInteger": 4}]},
        {"linkId": "sx.pain-now", "answer": [{"valueInteger": 12}]},
        {"linkId": "sx.trend", "answer": [{"valueCoding": CODING}]},
    ],
}
# Observations that come with an Assessment have ids that follow from it.
TWIN = "2a2732a3-ac45-58fe-81e9-ad5181a99803"
PROBES: dict[str, list[Probe]] = {
    "InvalidRequest": [("GET", "Patient/a%20b", None, {})],
    "InvalidResource": [
        (
            "POST",
            "Patient",
            {"resourceType": "Patient", "birthDate": 1987, "name": [{"familyName": "Nguyen"}]},
            {},
        ),
        ("POST", "Encounter", {"resourceType": "Encounter", "status": "planned"}, {}),
        ("POST", "Patient", b'{"resourceType":"Patient",', {}),
        ("PUT", "Patient/my-runner", {"resourceType": "Patient", "id": "other"}, {}),
    ],
    "InvalidSearch": [
        ("GET", "Patient?birthday=1987", None, {}),
        ("GET", "Patient?name:exat=a", None, {}),
        ("GET", "Patient?birthdate=last-week", None, {}),
    ],
    "UnknownId": [
        ("GET", "Patient/no-such-runner", None, {}),
        ("GET", "Patients/1", None, {}),
    ],
    "Deleted": [("GET", "Patient/my-runner", None, {})],
    "NotAcceptable": [("GET", "Patient", None, {"Accept": "application/fhir+xml"})],
    "Referenced": [("DELETE", "Organization/my-organization", None, {})],
    "WriteConflict": [
        (
            "PUT",
            f"Observation/{TWIN}",
            {"resourceType": "Observation", "id": TWIN, "status": "final", "code": {"text": "x"}},
            {},
        ),
    ],
    "PlanBlocked": [
        ("POST", "Assessment/demo-runner-06-assessment-1/$plan", None, {}),
        ("POST", "Assessment/unfinished/$plan", None, {}),
    ],
    "PreconditionFailed": [
        (
            "PUT",
            "Organization/my-organization",
            {"resourceType": "Organization", "id": "my-organization", "name": "New"},
            {"If_Match": 'W/"3"'},
        ),
        (
            "POST",
            "Encounter",
            {"resourceType": "Encounter", "status": "planned", "class": AMBULATORY},
            {"If_None_Exist": "status=finished"},
        ),
    ],
    "TooLarge": [("POST", "Patient", b" " * (16 * 1024 * 1024 + 1), {})],
    "MediaType": [("POST", "Patient", b"<Patient/>", {"Content_Type": "application/fhir+xml"})],
    "Unprocessable": [
        ("POST", "Patient", {"resourceType": "Patient", "gender": "woman"}, {}),
        (
            "POST",
            "Encounter",
            {
                "resourceType": "Encounter",
                "status": "planned",
                "class": AMBULATORY,
                "subject": NO_RUNNER,
            },
            {},
        ),
    ],
    "UnprocessableAssessment": [("POST", "Assessment", THREE_WRONG, {})],
}
BEFORE: list[Probe] = [
    (
        "PUT",
        "Organization/my-organization",
        {"resourceType": "Organization", "id": "my-organization", "name": "Clinic"},
        {},
    ),
    ("PUT", "Location/my-location", ROOM, {}),
    ("PUT", "Patient/my-runner", {"resourceType": "Patient", "id": "my-runner"}, {}),
    ("DELETE", "Patient/my-runner", None, {}),
    (
        "PUT",
        "Assessment/unfinished",
        {
            "resourceType": "Assessment",
            "id": "unfinished",
            "status": "in-progress",
            "subject": {"reference": "Patient/demo-runner-03"},
        },
        {},
    ),
]


@pytest.fixture
def prepared(databases: Databases, tmp_path: Path) -> Iterator[Service]:
    """A server of its own, since the probes depend on version numbers."""
    with running_service(databases.new("sqlite"), tmp_path) as service:
        bundle = (ROOT / "examples/demo/bundle.json").read_bytes()
        assert service.request("POST", "", bundle).status_code == 200
        for method, path, body, headers in BEFORE:
            assert service.request(method, path, body, **headers).is_success
        yield service


def test_refusals_are_shown_in_the_words_of_the_server(prepared: Service) -> None:
    for name, probes in PROBES.items():
        shown = [operation_outcome(issues) for issues in REFUSALS[name].examples.values()]
        said = []
        for method, path, body, headers in probes:
            answer = prepared.request(method, path, body, **headers)
            assert answer.status_code == REFUSALS[name].kind.status, (name, answer.text)
            said.append(answer.json())
        assert said == shown, name


def test_every_refusal_but_a_busy_server_is_asked_for() -> None:
    assert PROBES.keys() | {"Busy"} == REFUSALS.keys()


def test_json_of_the_document_is_what_the_server_serves(demo: Service) -> None:
    answer = demo.client.get(demo.base.removesuffix("/fhir") + "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.content) == DOCUMENT
