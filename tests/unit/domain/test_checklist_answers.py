"""Specification B and C.5: completeness, and what is refused as an answer."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.answer_problems import AnswerProblem, problems
from domain.answers import Answers
from domain.checklist import checklist
from tests.unit.domain.case_answers import ASSESSED_ON, answers_of, base, changed

RESTING = {"sx.course-in-run": "not-running"}
PAUSING = {"sx.limp": True}


def missing(overrides: dict[str, Any], *without: str) -> set[str]:
    return set(changed(overrides, without).missing_required)


def found(values: dict[str, Any]) -> list[AnswerProblem]:
    return problems(Answers(values), ASSESSED_ON)


def test_the_checklist_has_139_rows_and_157_items() -> None:
    items = checklist().items
    assert len(items) == len({item.link_id for item in items}) == 157
    assert len({item.row_id for item in items}) == 139


def test_a_group_child_and_a_group_are_found_by_link_id() -> None:
    score = checklist().item("om.psfs.score")
    assert score
    assert (score.group, score.name, score.type) == ("om.psfs", "score", "integer")
    stage = checklist().item("ga.stage")
    assert stage
    assert (stage.type, stage.repeats) == ("group", True)
    assert len(checklist().groups["ga.stage"]) == 18


def test_every_number_has_a_range_and_every_choice_has_options() -> None:
    for item in checklist().items:
        if item.type in ("integer", "decimal", "quantity"):
            assert item.minimum is not None
            assert item.maximum is not None
        assert bool(item.options) is (item.type == "choice")


@pytest.mark.parametrize(
    ("overrides", "without", "expected"),
    [
        ({}, (), set()),
        ({}, ("hx.episode", "sx.limp"), {"hx.episode", "sx.limp"}),
        ({}, ("om.psfs",), {"om.psfs"}),
        ({"hx.surface": []}, (), {"hx.surface"}),
        ({}, ("go.clinical",), set()),
        ({}, ("go.clinical", "go.performance"), {"go.clinical", "go.performance"}),
        ({"sx.narrative": " "}, ("go.target-distance",), {"go.target-distance"}),
        ({}, ("sx.onset-km",), {"sx.onset-km"}),
        (RESTING, ("sx.onset-km", "sx.pain-run"), set()),
        ({"sx.course-in-run": "none-during-run"}, ("sx.onset-km",), set()),
        (
            {},
            ("sx.course-in-run", "sx.onset-km", "sx.pain-run"),
            {"sx.course-in-run", "sx.onset-km", "sx.pain-run"},
        ),
        ({"sx.site": "buttock"}, (), {"mo.si-provocation"}),
        (
            {"sx.leg-region": "calf"},
            (),
            {"sx.leg-quality", "mo.slr.L", "mo.slr.R", "mo.neuro"},
        ),
        ({}, ("po.leg-length.L", "po.leg-length.R", "po.leg-length-method"), set()),
        ({}, ("po.leg-length.L", "po.leg-length-method"), {"po.leg-length-method"}),
        (
            {"po.pelvic-level": "left-high"},
            ("po.leg-length.L", "po.leg-length.R", "po.leg-length-method"),
            {"po.leg-length.L", "po.leg-length.R"},
        ),
        (
            {"ga.degradation-observed": True},
            (),
            {"ga.degradation-km", "ga.degradation-first-sign"},
        ),
        ({"ga.stage": []}, (), {"ga.stage"}),
        ({}, ("co.sl-landing.L",), {"co.sl-landing.L"}),
    ],
)
def test_what_a_complete_checklist_still_needs(
    overrides: dict[str, Any], without: tuple[str, ...], expected: set[str]
) -> None:
    needed = missing(overrides, *without)
    # What is missing may pause the runner, who then needs no gait observation; so compare the rest.
    assert needed == expected


def test_an_easy_and_a_faster_stage_are_needed_with_all_their_items() -> None:
    easy, tempo = base()["ga.stage"]
    unclear = {name: value for name, value in tempo.items() if name != "pelvic-drop.R"}
    assert missing({"ga.stage": [easy]}) == {"ga.stage"}
    assert missing({"ga.stage": [tempo]}) == {"ga.stage"}
    assert missing({"ga.stage": [easy, tempo | {"condition": "fatigued"}]}) == set()
    assert missing({"ga.stage": [easy, unclear, unclear]}) == {"ga.stage.pelvic-drop.R"}


def test_an_uneven_stride_asks_for_the_leg_length() -> None:
    easy, tempo = base()["ga.stage"]
    uneven = {"ga.stage": [easy, tempo | {"stride-asym": "longer-left"}]}
    lengths = ("po.leg-length.L", "po.leg-length.R", "po.leg-length-method")
    assert missing(uneven, *lengths) == {"po.leg-length.L", "po.leg-length.R"}


def test_while_paused_nobody_has_to_run_or_hop() -> None:
    unseen = ("ga.stage", "ga.degradation-observed", "co.sl-landing.L", "co.sl-landing.R")
    assert missing({}, *unseen) == {*unseen}
    assert missing(PAUSING, *unseen) == set()
    assert missing(PAUSING, "co.sl-squat.L") == {"co.sl-squat.L"}


def test_a_complete_checklist_is_said_to_be() -> None:
    assert changed().complete
    assert not changed(without=("fw.match",)).complete


@pytest.mark.parametrize(
    "values",
    [
        {"sx.mood": "good"},
        {"mo.hip-extension": 4},
        {"ga.stage.condition": "easy"},
        {"hx.episode": "second"},
        {"hx.episode": ("first",)},
        {"hx.episode": True},
        {"sx.limp": "yes"},
        {"sx.pain-now": 11},
        {"sx.pain-now": -1},
        {"sx.pain-now": Decimal("3.5")},
        {"sx.pain-now": True},
        {"sx.pain-now": "3"},
        {"mo.hip-extension.L": Decimal("45.1")},
        {"mo.hip-extension.L": Decimal("NaN")},
        {"mo.hip-extension.L": Decimal("Infinity")},
        {"hx.index-run": Decimal("1E-999999")},
        {"hx.index-run": Decimal("1E+999999")},
        {"hx.surface": ("road", "moon")},
        {"hx.cross-training": ("none", "swim")},
        {"hx.surface": ({"road": "x"},)},
        {"hx.onset-date": "2026-09-20"},
        {"hx.onset-date": datetime(2026, 9, 20)},  # noqa: DTZ001 - no zone is the mistake
        {"hx.onset-date": date(2026, 11, 22)},
        {"go.target-date": date(2026, 11, 20)},
        {"go.clinical": 4},
        {"om.psfs": "run"},
        {"hx.event": ({"name": "a"}, {"name": "b"})},
    ],
)
def test_one_problem_is_found_and_names_its_question(values: dict[str, Any]) -> None:
    (problem,) = found(values)
    assert (problem.link_id, problem.index) == (next(iter(values)), None)
    assert problem.message.endswith(".")


@pytest.mark.parametrize(
    ("group", "row", "link_id"),
    [
        ("ga.stage", {"condition": "sprint"}, "ga.stage.condition"),
        ("ga.stage", {"pelvic-drop.L": 26}, "ga.stage.pelvic-drop.L"),
        ("ga.stage", {"mood": "good"}, "ga.stage.mood"),
        ("om.psfs", {"activity": "run", "score": 11}, "om.psfs.score"),
        ("hx.interventions-tried", {"effect": "great"}, "hx.interventions-tried.effect"),
        ("hx.event", {"date": "soon"}, "hx.event.date"),
        ("hx.activity-minutes", {"days": 8}, "hx.activity-minutes.days"),
    ],
)
def test_a_problem_in_a_row_names_the_child_and_the_row(
    group: str, row: dict[str, Any], link_id: str
) -> None:
    rows = ({}, row) if group in ("ga.stage", "om.psfs", "hx.interventions-tried") else (row,)
    (problem,) = found({group: rows})
    assert (problem.link_id, problem.index) == (link_id, len(rows) - 1)


def test_at_most_five_activities() -> None:
    row = {"activity": "run", "score": 4}
    assert found({"om.psfs": (row,) * 5}) == []
    (problem,) = found({"om.psfs": (row,) * 6})
    assert problem.link_id == "om.psfs"


def test_the_days_of_onset_and_goal_may_be_the_day_of_the_assessment() -> None:
    assert found({"hx.onset-date": ASSESSED_ON, "go.target-date": ASSESSED_ON}) == []


def test_the_baseline_is_accepted() -> None:
    assert problems(answers_of(base()), ASSESSED_ON) == []
