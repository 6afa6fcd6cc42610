"""`POST Assessment/{id}/$plan`: the plan of one version, drafted once."""

import pytest

from tests.contract.test_assessment import runner
from tests.factories import Resource
from tests.service import Service
from tests.unit.clinic import cases
from tests.unit.clinic.test_plan import PLANNED, exercises
from tests.unit.clinic.ward import assessment


def assessed(service: Service, name: str = "case-01", **elements: object) -> Resource:
    """A runner with this Assessment, as stored."""
    body = assessment(name, runner(service), **elements)
    answer = service.put(body)
    assert answer.status_code == 201, answer.text
    return dict(service.get(f"Assessment/{body['id']}").json())


def plan_url(stored: Resource) -> str:
    return f"Assessment/{stored['id']}/$plan"


@pytest.mark.parametrize("case", PLANNED, ids=lambda case: case.name)
def test_the_plan_holds_the_streams_of_the_case(service: Service, case: cases.Case) -> None:
    decisions = [{"redFlag": rule, "decision": word} for rule, word in case.dispositions.items()]
    elements = {"disposition": decisions} if decisions else {}
    answer = service.request("POST", plan_url(assessed(service, case.name, **elements)))
    assert answer.status_code == 201, answer.text
    found: dict[str, dict[str, list[str]]] = {}
    for stream, code, phase, _ in exercises(answer.json()):
        found.setdefault(f"phase{phase}", {}).setdefault(stream, []).append(code)
    assert found == case.expected["streams"]


def test_asking_again_gives_the_same_plan(service: Service) -> None:
    stored = assessed(service)
    first = service.request("POST", plan_url(stored))
    again = service.request("POST", plan_url(stored))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["Location"].endswith(f"CarePlan/{first.json()['id']}/_history/1")


def test_start_and_author_are_taken_over(service: Service) -> None:
    stored = assessed(service)
    author = service.create({"resourceType": "Practitioner", "name": [{"family": "Ashdown"}]})
    reference = {"reference": f"Practitioner/{author['id']}"}
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "start", "valueDate": "2027-01-04"},
            {"name": "author", "valueReference": reference},
        ],
    }
    plan = service.request("POST", plan_url(stored), parameters).json()
    assert plan["period"]["start"] == "2027-01-04"
    assert plan["author"] == reference


def test_a_start_beyond_the_calendar_is_refused(service: Service) -> None:
    start = {"name": "start", "valueDate": "9999-12-31"}
    parameters = {"resourceType": "Parameters", "parameter": [start]}
    answer = service.request("POST", plan_url(assessed(service)), parameters)
    assert answer.status_code == 422


def test_an_author_who_does_not_exist_is_refused(service: Service) -> None:
    author = {"name": "author", "valueReference": {"reference": "Practitioner/nobody"}}
    parameters = {"resourceType": "Parameters", "parameter": [author]}
    answer = service.request("POST", plan_url(assessed(service)), parameters)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("name", "elements"),
    [
        ("case-06", {}),
        ("case-01", {"status": "in-progress"}),
        ("case-01", {"status": "entered-in-error"}),
    ],
)
def test_there_is_no_plan_while_there_cannot_be_one(
    service: Service, name: str, elements: dict[str, str]
) -> None:
    answer = service.request("POST", plan_url(assessed(service, name, **elements)))
    assert answer.status_code == 409
    assert answer.json()["issue"][0]["code"] == "business-rule"


def test_an_unknown_assessment_has_no_plan(service: Service) -> None:
    assert service.request("POST", "Assessment/nothing-here/$plan").status_code == 404


def test_a_plan_keeps_its_assessment_from_deletion(service: Service) -> None:
    stored = assessed(service)
    service.request("POST", plan_url(stored))
    assert service.request("DELETE", f"Assessment/{stored['id']}").status_code == 409
