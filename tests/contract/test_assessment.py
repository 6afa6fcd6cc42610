"""Assessments over HTTP: evaluated on every write, found by what they say, with their twins.

https://hl7.org/fhir/R4/http.html
"""

import pytest

from examples.demo.answers import sections
from tests.factories import Resource, bundle, entry, unique_name
from tests.service import Service
from tests.unit.clinic import cases
from tests.unit.clinic.ward import assessment

ALL = [*cases.worked_cases(), *cases.safety_vectors(), *cases.boundary_vectors()]


def runner(service: Service) -> str:
    """Register a runner; gives the reference."""
    patient = service.create({"resourceType": "Patient", "name": [{"family": unique_name()}]})
    return f"Patient/{patient['id']}"


def posted(case: cases.Case, subject: str) -> Resource:
    """A case as a new Assessment."""
    dispositions = [{"redFlag": rule, "decision": word} for rule, word in case.dispositions.items()]
    return {
        "resourceType": "Assessment",
        "status": "completed",
        "subject": {"reference": subject},
        "effectiveDateTime": case.assessed_on,
        "item": sections(case.answers),
    } | ({"disposition": dispositions} if dispositions else {})


def twins(service: Service, stored: Resource) -> list[Resource]:
    """The twin Observations of an Assessment."""
    return list(service.matches(f"Observation?focus=Assessment/{stored['id']}"))


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_created_assessment_says_what_the_case_expects(
    service: Service, case: cases.Case
) -> None:
    stored = service.create(posted(case, runner(service)))
    assert cases.differences(case.expected, stored["evaluation"]) == {}


def test_an_answer_that_is_refused_names_its_link_id(service: Service) -> None:
    wrong = {"linkId": "sx.pain-now", "answer": [{"valueInteger": 11}]}
    body = {
        "resourceType": "Assessment",
        "status": "in-progress",
        "subject": {"reference": runner(service)},
        "item": [wrong],
    }
    answer = service.request("POST", "Assessment", body)
    assert answer.status_code == 422
    issue = answer.json()["issue"][0]
    assert issue["expression"] == ["Assessment.item.where(linkId='sx.pain-now')"]


@pytest.mark.parametrize("missing", ["status", "subject"])
def test_a_stored_assessment_needs_status_and_subject(service: Service, missing: str) -> None:
    body = assessment("case-01", runner(service))
    del body[missing], body["id"]
    answer = service.request("POST", "Assessment", body)
    assert answer.status_code in (400, 422)
    assert answer.json()["issue"][0]["expression"] == [f"Assessment.{missing}"]


def test_an_incomplete_checklist_is_stored_and_says_what_is_missing(service: Service) -> None:
    stored = service.create(
        {
            "resourceType": "Assessment",
            "status": "in-progress",
            "subject": {"reference": runner(service)},
        }
    )
    assert "sx.pain-now" in stored["evaluation"]["missingRequired"]
    assert stored["effectiveDateTime"]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("case-01", "finding=F-HIPEXT"),
        ("case-01", "pattern=P-FACET"),
        ("case-01", "run-status=modified"),
        ("case-01", "blocked=false"),
        ("case-01", "status=completed&date=2026-11-21"),
        ("case-06", "red-flag=RF-CES"),
        ("case-06", "blocked=true"),
        ("case-06", "run-status=pause"),
    ],
)
def test_an_assessment_is_found_by_what_it_says(service: Service, name: str, query: str) -> None:
    subject = runner(service)
    service.put(assessment(name, subject))
    mine = service.found(f"Assessment?patient={subject}&{query}")
    assert len(mine) == 1
    assert service.found(f"Assessment?subject={subject}&{query}") == mine


def test_the_same_assessment_again_makes_no_version(service: Service) -> None:
    body = assessment("case-01", runner(service))
    first = service.put(body)
    again = service.put(body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["ETag"] == first.headers["ETag"] == 'W/"1"'


def test_what_was_read_can_be_written_back(service: Service) -> None:
    service.put(body := assessment("case-01", runner(service)))
    stored = service.get(f"Assessment/{body['id']}").json()
    again = service.put(stored)
    assert again.status_code == 200
    assert again.headers["ETag"] == 'W/"1"'


def test_twins_come_and_go_with_their_assessment(service: Service) -> None:
    subject = runner(service)
    service.put(body := assessment("case-01", subject))
    found = twins(service, body)
    codes = {twin["code"]["coding"][0]["code"] for twin in found}
    assert {"F-HIPEXT", "P-FACET", "C-HIPEXT", "run-status"} <= codes
    assert service.request("DELETE", f"Assessment/{body['id']}").status_code in (200, 204)
    assert twins(service, body) == []
    assert service.get(f"Observation/{found[0]['id']}").status_code == 410


def test_a_twin_is_read_only_and_names_its_assessment(service: Service) -> None:
    service.put(body := assessment("case-01", runner(service)))
    twin = twins(service, body)[0]
    for answer in (
        service.put(twin | {"status": "cancelled"}),
        service.request("DELETE", f"Observation/{twin['id']}"),
    ):
        assert answer.status_code == 409
        assert f"Assessment/{body['id']}" in answer.text


def test_a_finished_assessment_never_becomes_unfinished(service: Service) -> None:
    service.put(body := assessment("case-01", runner(service)))
    answer = service.put(body | {"status": "in-progress"})
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["Assessment.status"]


def test_a_transaction_brings_a_runner_and_the_assessment_at_once(service: Service) -> None:
    name = unique_name().lower()
    patient = {"resourceType": "Patient", "id": f"p-{name}"}
    body = assessment("case-01", f"Patient/p-{name}")
    sent = bundle(
        "transaction",
        entry("PUT", f"Patient/p-{name}", patient),
        entry("PUT", f"Assessment/{body['id']}", body),
    )
    assert service.request("POST", "", sent).status_code == 200
    stored = service.get(f"Assessment/{body['id']}").json()
    assert stored["evaluation"]["planBlocked"] is False
    assert twins(service, body)
