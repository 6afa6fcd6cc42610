from datetime import date
from decimal import Decimal

import pytest

from domain.answer_problems import problems
from domain.knowledge import load
from domain.rehab_plan import draft
from tests.unit.domain.case_answers import (
    ASSESSED_ON,
    Example,
    answers_of,
    as_expected,
    boundaries,
    in_order,
    judged,
    safety,
    worked,
)

EXAMPLES = [*worked(), *safety()]


def name(example: Example) -> str:
    return example.name


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_every_expected_key_comes_out(example: Example) -> None:
    shown = as_expected(judged(example.answers, example.dispositions))
    assert {key: shown[key] for key in example.expected} == in_order(example.expected)


@pytest.mark.parametrize("example", list(boundaries()), ids=name)
def test_every_boundary_vector_comes_out(example: Example) -> None:
    shown = as_expected(judged(example.answers))
    ((check, expected),) = example.expected.items()
    if check.startswith("F-"):
        assert shown["findings"].get(check) == expected
    elif check == "redFlags":
        assert [flag["rule"] for flag in shown["redFlags"]] == expected
    elif "+" in check:
        assert [shown[key] for key in check.split("+")] == expected
    else:
        assert shown[check] == expected


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_the_worked_answers_are_accepted(example: Example) -> None:
    assert problems(answers_of(example.answers), ASSESSED_ON) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_a_plan_holds_the_streams_of_the_evaluation(example: Example) -> None:
    evaluation = judged(example.answers, example.dispositions)
    if evaluation.plan_blocked:
        with pytest.raises(ValueError, match="red flag"):
            draft(answers_of(example.answers), evaluation, load(), date(2026, 11, 23))
        return
    plan = draft(answers_of(example.answers), evaluation, load(), date(2026, 11, 23))
    drafted = {
        (phase, stream): tuple(
            each.exercise.id
            for each in plan.activities
            if each.phase == phase and each.stream == stream
        )
        for phase in (1, 2, 3)
        for stream in ("mobility", "control")
    }
    for (phase, stream), ids in drafted.items():
        assert ids == evaluation.streams[phase][stream]


def test_the_cap_is_a_decimal_in_steps_of_half_a_kilometre() -> None:
    (first, *_) = worked()
    assert judged(first.answers).single_run_cap_km == Decimal("6.0")
