"""Every worked case, variant and vector, through the Assessment that carries it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from api.clinic.gate import Clinic
from api.fhir.lexical import parse, serialize
from examples.demo.answers import flat, sections
from tests.unit.clinic import cases
from tests.unit.clinic.cases import Case

ALL = [*cases.worked_cases(), *cases.safety_vectors(), *cases.boundary_vectors()]


def assessment(case: Case, items: list[dict[str, Any]]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "resourceType": "Assessment",
        "effectiveDateTime": case.assessed_on,
        "item": items,
    }
    if case.dispositions:
        body["disposition"] = [
            {"redFlag": rule, "decision": decision} for rule, decision in case.dispositions.items()
        ]
    parsed = parse(json.dumps(body).encode())
    assert isinstance(parsed, dict)
    return parsed


def evaluated(clinic: Clinic, body: dict[str, Any]) -> Mapping[str, Any]:
    answer = json.loads(serialize(clinic.evaluate(body)))
    evaluation: Mapping[str, Any] = answer["evaluation"]
    return evaluation


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_every_key_that_a_case_expects_is_what_the_evaluation_says(
    clinic: Clinic, case: Case
) -> None:
    found = evaluated(clinic, assessment(case, sections(case.answers)))
    assert cases.differences(case.expected, found) == {}


@pytest.mark.parametrize("case", list(cases.worked_cases()), ids=lambda case: case.name)
def test_sections_around_the_items_change_nothing(clinic: Clinic, case: Case) -> None:
    grouped = evaluated(clinic, assessment(case, sections(case.answers)))
    bare = evaluated(clinic, assessment(case, flat(case.answers)))
    assert grouped == bare


def test_what_a_client_sends_as_evaluation_is_replaced(clinic: Clinic) -> None:
    case = ALL[0]
    body = assessment(case, flat(case.answers)) | {"evaluation": {"planBlocked": True}}
    assert evaluated(clinic, body)["planBlocked"] is False


def test_an_empty_checklist_is_blocked_and_says_what_is_missing(clinic: Clinic) -> None:
    found = evaluated(clinic, {"resourceType": "Assessment"})
    assert found["planBlocked"] is True
    assert found["complete"] is False
    assert "rf.ces.saddle" in found["missingRequired"]
    assert [flag["rule"] for flag in found["redFlag"]] == ["RF-NOTSCREENED"]
    assert "hypothesis" not in found


def test_numbers_keep_two_decimals_and_no_list_is_empty(clinic: Clinic) -> None:
    text = serialize(clinic.evaluate(assessment(ALL[0], flat(ALL[0].answers)))).decode()
    assert '"ratio":0.94' in text
    assert '"value":6.0' in text
    assert "[]" not in text


def test_every_code_without_a_sentence_of_its_own_is_explained(clinic: Clinic) -> None:
    found = evaluated(clinic, assessment(ALL[0], flat(ALL[0].answers)))
    explained = {line["code"] for line in found["explanation"]}
    bare = {*found["runStatus"]["reason"], *found["whenToSee"], *found["runModification"]}
    assert bare | set(found["education"]) == explained
