"""`POST Assessment/$evaluate`: the evaluation, and nothing stored."""

import pytest

from examples.demo.answers import flat
from tests.factories import Resource
from tests.service import Service
from tests.unit.clinic import cases

ALL = [*cases.worked_cases(), *cases.safety_vectors(), *cases.boundary_vectors()]


def body(case: cases.Case) -> Resource:
    dispositions = [{"redFlag": rule, "decision": word} for rule, word in case.dispositions.items()]
    return {
        "resourceType": "Assessment",
        "effectiveDateTime": case.assessed_on,
        "item": flat(case.answers),
    } | ({"disposition": dispositions} if dispositions else {})


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_the_evaluation_says_what_the_case_expects(service: Service, case: cases.Case) -> None:
    answer = service.request("POST", "Assessment/$evaluate", body(case))
    assert answer.status_code == 200, answer.text
    assert cases.differences(case.expected, answer.json()["evaluation"]) == {}


def test_the_answer_is_the_assessment_that_was_sent(service: Service) -> None:
    sent = body(ALL[0])
    answer = service.request("POST", "Assessment/$evaluate", sent).json()
    evaluation = answer.pop("evaluation")
    assert evaluation["complete"] is True
    assert answer == sent


def test_nothing_is_stored_and_no_reference_is_checked(empty_service: Service) -> None:
    sent = body(ALL[0]) | {"subject": {"reference": "Patient/nobody"}, "status": "completed"}
    answer = empty_service.request("POST", "Assessment/$evaluate", sent)
    assert answer.status_code == 200
    assert empty_service.found("Assessment") == []
    assert empty_service.found("Observation") == []


def test_what_cannot_be_accepted_is_told_at_once(service: Service) -> None:
    wrong = [
        {"linkId": "no.such", "answer": [{"valueBoolean": True}]},
        {"linkId": "sx.pain-now", "answer": [{"valueInteger": 11}]},
    ]
    sent = {"resourceType": "Assessment", "item": wrong}
    answer = service.request("POST", "Assessment/$evaluate", sent)
    assert answer.status_code == 422
    assert len(answer.json()["issue"]) == len(wrong)


def test_an_assessment_without_items_is_blocked(service: Service) -> None:
    answer = service.request("POST", "Assessment/$evaluate", {"resourceType": "Assessment"})
    assert answer.json()["evaluation"]["planBlocked"] is True
