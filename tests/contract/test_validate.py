"""`$validate`: https://hl7.org/fhir/R4/resource-operation-validate.html"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.factories import Resource, observation, patient, unique_name
from tests.service import Service, running_service

AU_CORE_PATIENT = "http://hl7.org.au/fhir/core/StructureDefinition/au-core-patient"
BODY_WEIGHT = "http://hl7.org/fhir/StructureDefinition/bodyweight"
AS_AU_CORE = {"meta": {"profile": [AU_CORE_PATIENT]}}


def issues(answer: httpx.Response) -> list[Resource]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    return list(body["issue"])


def errors(answer: httpx.Response) -> list[tuple[str, str]]:
    """Code and first expression of each error."""
    return [
        (each["code"], each.get("expression", [""])[0])
        for each in issues(answer)
        if each["severity"] == "error"
    ]


def parameters(**values: Any) -> Resource:
    """A Parameters body with `resource`, `mode` and `profile`."""
    keys = {"resource": "resource", "mode": "valueCode", "profile": "valueUri"}
    listed = [{"name": name, keys.get(name, "valueString"): each} for name, each in values.items()]
    return {"resourceType": "Parameters", "parameter": listed}


def test_a_valid_resource_is_said_to_be_valid(service: Service) -> None:
    said = issues(service.request("POST", "Patient/$validate", patient()))
    assert said[0]["severity"] == "information"
    assert {each["severity"] for each in said} <= {"information", "warning"}


def test_everything_is_said_at_once_the_worst_first(service: Service) -> None:
    broken = {
        **observation(status="done"),
        "valueInteger": 1,
        "dataAbsentReason": {"text": "x"},
        "nmae": 1,
    }
    answer = service.request("POST", "Observation/$validate", broken)
    assert set(errors(answer)) >= {
        ("code-invalid", "Observation.status"),
        ("invariant", "Observation"),
        ("structure", "Observation.nmae"),
    }
    order = [each["severity"] for each in issues(answer)]
    assert order == sorted(order, key=("error", "warning", "information").index)


def test_best_practice_is_a_warning(service: Service) -> None:
    said = issues(service.request("POST", "Patient/$validate", patient()))
    assert any("dom-6" in each["diagnostics"] for each in said if each["severity"] == "warning")


def test_nothing_is_written_in_any_mode(service: Service) -> None:
    identity = unique_name()
    resource = patient(id=identity)
    for mode in ("create", "update"):
        answer = service.request(
            "POST", "Patient/$validate", parameters(resource=resource, mode=mode)
        )
        assert errors(answer) == []
    assert service.get(f"Patient/{identity}").status_code == 404


@pytest.mark.parametrize("mode", ["create", "update"])
def test_a_reference_that_leads_nowhere_stands_against_a_write(service: Service, mode: str) -> None:
    resource = {**observation(id=unique_name()), "subject": {"reference": "Patient/none-such"}}
    wrapped = parameters(resource=resource, mode=mode)
    answer = service.request("POST", "Observation/$validate", wrapped)
    assert errors(answer) == [("not-found", "Observation.subject")]
    assert errors(service.request("POST", "Observation/$validate", resource)) == []


def test_the_id_of_an_update_is_that_of_the_address(service: Service) -> None:
    stored = service.create(patient())
    other = {**stored, "id": unique_name()}
    wrapped = parameters(resource=other, mode="update")
    answer = service.request("POST", f"Patient/{stored['id']}/$validate", wrapped)
    assert errors(answer) == [("value", "Patient.id")]


def test_a_delete_of_what_is_referred_to_is_said_to_conflict(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    assert errors(service.request("POST", f"{path}/$validate", parameters(mode="delete"))) == []
    service.create({**observation(), "subject": {"reference": path}})
    answer = service.request("POST", f"{path}/$validate", parameters(mode="delete"))
    assert [code for code, _ in errors(answer)] == ["conflict"]
    assert service.get(path).status_code == 200


def test_what_is_stored_is_validated_where_no_resource_is_sent(service: Service) -> None:
    stored = service.create(patient())
    answer = service.get(f"Patient/{stored['id']}/$validate?profile={AU_CORE_PATIENT}")
    assert ("required", "Patient.identifier") in errors(answer)
    assert service.get("Patient/none-such/$validate").status_code == 404


def test_a_profile_is_asked_for_in_parameters_or_claimed_in_meta(service: Service) -> None:
    asked = parameters(resource=patient(), profile=AU_CORE_PATIENT)
    claimed = {**patient(), **AS_AU_CORE}
    for body in (asked, claimed):
        answer = service.request("POST", "Patient/$validate", body)
        assert ("required", "Patient.identifier") in errors(answer)


def test_a_profile_of_r4_itself_is_known(service: Service) -> None:
    wrapped = parameters(resource=observation(), profile=BODY_WEIGHT, mode="profile")
    found = errors(service.request("POST", "Observation/$validate", wrapped))
    assert ("required", "Observation.category") in found
    assert ("required", "Observation.subject") in found


def test_a_profile_that_is_not_known_gives_a_warning(service: Service) -> None:
    wrapped = parameters(resource=patient(), profile="http://example.org/StructureDefinition/x")
    answer = service.request("POST", "Patient/$validate", wrapped)
    assert errors(answer) == []
    (said,) = [each for each in issues(answer) if each["code"] == "not-found"]
    assert said["severity"] == "warning"
    assert said["expression"] == ["Patient.meta.profile"]


BAD_REQUESTS: dict[str, tuple[str, Resource | bytes | None]] = {
    "an unknown mode": ("Patient/$validate", parameters(resource=patient(), mode="try")),
    "an unknown parameter": ("Patient/$validate", parameters(resource=patient(), strict="x")),
    "an unknown parameter in the address": ("Patient/$validate?strict=x", patient()),
    "two modes": ("Patient/$validate?mode=create&mode=update", patient()),
    "no resource": ("Patient/$validate", parameters(mode="create")),
    "no body": ("Patient/$validate", None),
    "no JSON": ("Patient/$validate", b"{"),
    "mode profile without one": ("Patient/$validate?mode=profile", patient()),
    "delete of no instance": ("Patient/$validate?mode=delete", patient()),
}


@pytest.mark.parametrize(("path", "body"), BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_request_that_cannot_be_read_is_refused(
    service: Service, path: str, body: Resource | bytes | None
) -> None:
    answer = service.request("POST", path, body)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("body", [b"[]", b"5", b'"x"', b"null", b"{}", b'{"resourceType": 5}'])
def test_what_is_no_resource_is_said_to_be_none(service: Service, body: bytes) -> None:
    answer = service.request("POST", "Patient/$validate", body)
    assert answer.status_code in {200, 400}
    assert answer.json()["issue"][0]["severity"] == "error"


def test_parameters_may_be_validated_themselves(service: Service) -> None:
    broken = {"resourceType": "Parameters", "parameter": [{"name": "x"}]}
    answer = service.request("POST", "Parameters/$validate", broken)
    assert ("invariant", "Parameters.parameter[0]") in errors(answer)


QUESTIONNAIRE: Resource = {
    "resourceType": "Questionnaire",
    "status": "active",
    "item": [
        {"linkId": "pain", "type": "integer", "required": True},
        {"linkId": "side", "type": "choice", "answerOption": [{"valueCoding": {"code": "L"}}]},
        {"linkId": "g", "type": "group", "item": [{"linkId": "g.note", "type": "string"}]},
    ],
}


def answered(url: str, *items: Resource, status: str = "completed") -> Resource:
    listed = {"item": list(items)} if items else {}
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": url,
        "status": status,
        **listed,
    }


def item(link_id: str, **value: Any) -> Resource:
    return {"linkId": link_id, "answer": [value]}


ANSWERS: dict[str, tuple[list[Resource], list[tuple[str, str]]]] = {
    "right": ([item("pain", valueInteger=3)], []),
    "missed": ([item("side", valueCoding={"code": "L"})], [("required", "")]),
    "of another type": (
        [item("pain", valueString="3")],
        [("value", ".item[0].answer[0].valueString")],
    ),
    "no option": (
        [item("pain", valueInteger=1), item("side", valueCoding={"code": "R"})],
        [("code-invalid", ".item[1].answer[0].valueCoding")],
    ),
    "unknown": (
        [item("pain", valueInteger=1), item("pian", valueInteger=1)],
        [("not-found", ".item[1].linkId")],
    ),
    "two answers": (
        [{"linkId": "pain", "answer": [{"valueInteger": 1}, {"valueInteger": 2}]}],
        [("structure", ".item[0].answer")],
    ),
    "out of its group": (
        [item("pain", valueInteger=1), item("g.note", valueString="x")],
        [("not-found", ".item[1].linkId")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), ANSWERS.values(), ids=ANSWERS.keys())
def test_answers_are_compared_with_their_questionnaire(
    service: Service, given: list[Resource], expected: list[tuple[str, str]]
) -> None:
    url = f"http://example.org/Questionnaire/{unique_name()}"
    service.create({**QUESTIONNAIRE, "url": url})
    answer = service.request("POST", "QuestionnaireResponse/$validate", answered(url, *given))
    wanted = [(code, f"QuestionnaireResponse{path}") for code, path in expected]
    assert errors(answer) == wanted
    started = answered(url, status="in-progress")
    assert errors(service.request("POST", "QuestionnaireResponse/$validate", started)) == []


@pytest.fixture
def strict_service(new_database: Callable[[], str], tmp_path: Path) -> Iterator[Service]:
    with running_service(new_database(), tmp_path, validate_profiles=True) as running:
        yield running


def test_claimed_profiles_are_checked_on_every_write_where_the_operator_says_so(
    service: Service, strict_service: Service
) -> None:
    claiming = {**patient(), **AS_AU_CORE}
    assert service.request("POST", "Patient", claiming).status_code == 201
    answer = strict_service.request("POST", "Patient", claiming)
    assert answer.status_code == 422
    expressions = [each["expression"] for each in answer.json()["issue"]]
    assert ["Patient.identifier"] in expressions
    assert strict_service.request("POST", "Patient", patient()).status_code == 201


def test_the_capability_statement_says_so(client: httpx.Client) -> None:
    rest = client.get("/fhir/metadata").json()["rest"][0]
    told = [
        *rest.get("operation", ()),
        *(o for r in rest["resource"] for o in r.get("operation", ())),
    ]
    assert "validate" in {each["name"] for each in told}
