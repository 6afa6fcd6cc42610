"""Answers that are read, and those that are refused with the linkId in `expression`."""

import json
from typing import Any

import pytest

from api.clinic.gate import Clinic
from api.fhir.lexical import parse
from api.fhir.outcome import Failure, FailureKind, Issue

SYSTEM = "https://runspine.example.org/fhir/CodeSystem/runner-spine-answer"
UCUM = "http://unitsofmeasure.org"


def one(link_id: str, **value: Any) -> dict[str, Any]:
    return {"linkId": link_id, "answer": [value]}


def degrees(value: object, **changes: Any) -> dict[str, Any]:
    quantity = {"value": value, "system": UCUM, "code": "deg"} | changes
    return {name: part for name, part in quantity.items() if part is not None}


def refusal(clinic: Clinic, *items: dict[str, Any], **elements: Any) -> list[Issue]:
    body = {"resourceType": "Assessment", "item": list(items)} | elements
    assessment = parse(json.dumps(body).encode())
    assert isinstance(assessment, dict)
    with pytest.raises(Failure) as failure:
        clinic.evaluate(assessment)
    assert failure.value.kind is FailureKind.UNPROCESSABLE
    return list(failure.value.issues)


def test_an_unknown_link_id_is_refused_with_the_nearest_one(clinic: Clinic) -> None:
    (issue,) = refusal(clinic, one("mo.hip-extention.L", valueQuantity=degrees(4)))
    assert issue.expression == ("Assessment.item.where(linkId='mo.hip-extention.L')",)
    assert "mo.hip-extension.L" in issue.diagnostics


@pytest.mark.parametrize(
    "item",
    [
        one("hx.days-per-week", valueString="4"),
        one("hx.days-per-week", valueDecimal=4.0),
        one("hx.weekly-distance", valueInteger=40),
        one("hx.episode", valueString="first"),
        one("sx.limp", valueInteger=1),
        one("hx.onset-date", valueDateTime="2026-09-20T10:00:00Z"),
        one("hx.onset-date", valueDate="2026-09"),
        one("hx.onset-date", valueDate="2026-02-30"),
        one("sx.narrative", valueBoolean=True),
        one("mo.hip-extension.L", valueDecimal=4.0),
    ],
    ids=lambda item: f"{item['linkId']} {next(iter(item['answer'][0]))}",
)
def test_a_value_of_another_kind_is_refused(clinic: Clinic, item: dict[str, Any]) -> None:
    (issue,) = refusal(clinic, item)
    assert item["linkId"] in issue.expression[0]
    assert item["linkId"] in issue.diagnostics


@pytest.mark.parametrize(
    "item",
    [
        one("hx.days-per-week", valueInteger=8),
        one("sx.pain-now", valueInteger=-1),
        one("hx.weekly-distance", valueDecimal=300.5),
        one("mo.hip-extension.L", valueQuantity=degrees(400)),
        one("hx.episode", valueCoding={"system": SYSTEM, "code": "second"}),
        one("hx.onset-date", valueDate="2999-01-01"),
        one("go.target-date", valueDate="2001-01-01"),
    ],
    ids=lambda item: item["linkId"],
)
def test_a_value_out_of_range_or_no_option_is_refused(clinic: Clinic, item: dict[str, Any]) -> None:
    (issue,) = refusal(clinic, item)
    assert issue.expression == (f"Assessment.item.where(linkId='{item['linkId']}')",)


@pytest.mark.parametrize(
    ("quantity", "word"),
    [
        (degrees(4, code="rad"), "deg"),
        (degrees(4, code=None), "deg"),
        (degrees(4, system=None), UCUM),
        (degrees(4, system="http://other.example"), UCUM),
        (degrees(4, comparator="<"), "comparator"),
        (degrees(None), "no value"),
    ],
    ids=["other unit", "no unit", "no system", "other system", "comparator", "no value"],
)
def test_a_quantity_needs_the_unit_of_its_item(
    clinic: Clinic, quantity: dict[str, Any], word: str
) -> None:
    (issue,) = refusal(clinic, one("mo.hip-extension.L", valueQuantity=quantity))
    assert word in issue.diagnostics


def test_a_choice_may_leave_the_system_out_and_takes_no_other(clinic: Clinic) -> None:
    clinic.evaluate({"item": [one("hx.episode", valueCoding={"code": "first"})]})
    other = {"system": "http://snomed.info/sct", "code": "first"}
    (issue,) = refusal(clinic, one("hx.episode", valueCoding=other))
    assert SYSTEM in issue.diagnostics
    (issue,) = refusal(clinic, one("hx.episode", valueCoding={"system": SYSTEM}))
    assert "first | recurrent | persistent" in issue.diagnostics


def test_one_question_is_answered_once(clinic: Clinic) -> None:
    first = one("hx.episode", valueCoding={"code": "first"})
    (issue,) = refusal(clinic, first, first)
    assert issue.expression == ("Assessment.item.where(linkId='hx.episode')",)
    twice = {"linkId": "sx.limp", "answer": [{"valueBoolean": True}, {"valueBoolean": False}]}
    (issue,) = refusal(clinic, twice)
    assert "one answer" in issue.diagnostics


def test_none_stands_alone(clinic: Clinic) -> None:
    codes = [{"valueCoding": {"code": code}} for code in ("none", "cancer")]
    (issue,) = refusal(clinic, {"linkId": "hx.prior-conditions", "answer": codes})
    assert "none" in issue.diagnostics


def test_a_child_of_a_group_belongs_inside_it(clinic: Clinic) -> None:
    condition = one("ga.stage.condition", valueCoding={"code": "easy"})
    (issue,) = refusal(clinic, condition)
    assert "ga.stage" in issue.diagnostics
    clinic.evaluate({"item": [{"linkId": "ga.stage", "item": [condition]}]})


def test_a_problem_in_a_second_row_leads_to_that_row(clinic: Clinic) -> None:
    easy = {"linkId": "ga.stage", "item": [one("ga.stage.km", valueDecimal=2.0)]}
    far = {"linkId": "ga.stage", "item": [one("ga.stage.km", valueDecimal=999.5)]}
    (issue,) = refusal(clinic, {"linkId": "ga", "item": [easy, far]})
    row = "Assessment.item.where(linkId='ga').item.where(linkId='ga.stage')[1]"
    assert issue.expression == (f"{row}.item.where(linkId='ga.stage.km')",)


def test_a_group_that_does_not_repeat_is_given_once(clinic: Clinic) -> None:
    event = {"linkId": "hx.event", "item": [one("hx.event.name", valueString="Marathon")]}
    (issue,) = refusal(clinic, event, event)
    assert "hx.event" in issue.diagnostics


def test_a_row_without_any_answer_counts_as_not_sent(clinic: Clinic) -> None:
    empty = clinic.evaluate({"item": [{"linkId": "om.psfs"}]})["evaluation"]
    assert "om.psfs" in empty["missingRequired"]


@pytest.mark.parametrize("score", [{"valueInteger": 4}, {"valueDecimal": 4.0}])
def test_a_functional_score_may_be_written_as_either_kind_of_number(
    clinic: Clinic, score: dict[str, Any]
) -> None:
    row = [one("om.psfs.activity", valueString="stairs"), one("om.psfs.score", **score)]
    body = {"item": [{"linkId": "om.psfs", "item": row}]}
    assessment = parse(json.dumps(body).encode())
    assert isinstance(assessment, dict)
    assert "om.psfs" not in clinic.evaluate(assessment)["evaluation"]["missingRequired"]


def test_everything_that_is_wrong_is_told_at_once(clinic: Clinic) -> None:
    issues = refusal(
        clinic,
        one("no.such", valueBoolean=True),
        one("sx.pain-now", valueInteger=99),
        one("mo.hip-extension.L", valueQuantity=degrees(4, code="cm")),
        disposition=[{"redFlag": "RF-NONE", "decision": "excluded"}],
    )
    told = {issue.expression[0] for issue in issues}
    assert told == {
        "Assessment.item.where(linkId='no.such')",
        "Assessment.item.where(linkId='sx.pain-now')",
        "Assessment.item.where(linkId='mo.hip-extension.L')",
        "Assessment.disposition[0].redFlag",
    }


def test_two_decisions_about_one_red_flag_decide_nothing(clinic: Clinic) -> None:
    both = [{"redFlag": "RF-CES", "decision": word} for word in ("referred", "excluded")]
    (issue,) = refusal(clinic, disposition=both)
    assert issue.expression == ("Assessment.disposition[1].redFlag",)


@pytest.mark.parametrize("effective", ["2026", "2026-11", "2026-02-30T10:00:00Z"])
def test_the_day_of_the_assessment_is_needed(clinic: Clinic, effective: str) -> None:
    (issue,) = refusal(clinic, effectiveDateTime=effective)
    assert issue.expression == ("Assessment.effectiveDateTime",)


def test_a_link_id_cannot_break_out_of_the_expression(clinic: Clinic) -> None:
    (issue,) = refusal(clinic, one("x') or true or ('", valueBoolean=True))
    assert issue.expression == ("Assessment.item.where(linkId='x\\') or true or (\\'')",)
