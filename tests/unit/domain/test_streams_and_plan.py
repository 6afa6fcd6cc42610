"""Specification E and C.5: exercise selection, pairing, exclusions, education, the drafted plan."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.evaluation import evaluate
from domain.knowledge import load
from domain.rehab_plan import RehabPlan, draft
from tests.unit.domain.case_answers import answers_of, base, changed, judged, worked

LEG = {
    "sx.leg-region": "buttock", "sx.leg-quality": ["ache"], "mo.slr.L": False,
    "mo.slr.R": False, "mo.neuro": "normal",
}  # fmt: skip
START = date(2026, 11, 23)


def ids(overrides: dict[str, Any], phase: int, stream: str) -> tuple[str, ...]:
    return changed(overrides).streams[phase][stream]


def plan(overrides: dict[str, Any], without: tuple[str, ...] = ()) -> RehabPlan:
    values = {k: v for k, v in (base() | overrides).items() if k not in without}
    return draft(answers_of(values), judged(values), load(), START)


def planned(overrides: dict[str, Any], exercise: str, phase: int) -> Any:
    return next(
        each
        for each in plan(overrides).activities
        if each.exercise.id == exercise and each.phase == phase
    )


def test_a_runner_without_findings_gets_what_everyone_gets() -> None:
    assert changed().streams == {
        1: {"mobility": ("MX05", "MX11"), "control": ("CX02",)},
        2: {"mobility": ("MX05", "MX10", "MX09", "MX11"), "control": ("CX14",)},
        3: {"mobility": ("MX10", "MX09"), "control": ("CX14", "CX19")},
    }


def test_while_paused_what_needs_running_waits_for_the_last_phase() -> None:
    assert changed({"sx.limp": True}).streams == {
        1: {"mobility": ("MX05",), "control": ("CX02",)},
        2: {"mobility": ("MX05",), "control": ("CX14",)},
        3: {"mobility": ("MX10", "MX09"), "control": ("CX14", "CX19")},
    }


def test_a_specific_exercise_goes_before_one_for_everyone() -> None:
    assert ids({"mo.thoracic-extension": "limited"}, 1, "mobility") == ("MX07", "MX05", "MX11")
    assert ids({"co.side-plank.L": 40, "co.side-plank.R": 40}, 1, "control") == ("CX05", "CX02")


def test_a_weak_pattern_puts_no_exercise_in_the_plan() -> None:
    weak = {"sx.limp": True, "sx.car-provokes": True, "sx.desk-provokes": True}
    assert changed(weak).hypotheses[0].band == "weak"
    assert ids(weak, 1, "mobility") == ("MX05",)
    assert ids(weak | {"sx.flexion-provokes": True, "sx.morning-after": True}, 1, "mobility") == (
        "MX05",
        "MX11",
    )


def test_referred_leg_symptoms_bring_their_exercises_without_a_listed_pattern() -> None:
    assert changed(LEG).hypotheses == ()
    assert ids(LEG, 1, "mobility") == ("MX05", "MX12", "MX04", "MX11")


def test_the_hip_flexor_stretch_is_paired_with_an_active_hip_exercise() -> None:
    tight = {"mo.hip-flexor.L": 0}
    assert ids(tight, 1, "mobility") == ("MX01", "MX08", "MX05", "MX11")
    assert ids(tight, 3, "mobility") == ("MX10", "MX09")


def test_the_stretch_is_not_paired_where_an_active_hip_exercise_is_already() -> None:
    tight = {"mo.hip-flexor.L": 0, "co.glute-activation.L": "reduced"}
    assert ids(tight, 1, "mobility") == ("MX01", "MX05", "MX11")
    assert "CX07" in ids(tight, 1, "control")
    assert ids(tight, 2, "mobility") == ("MX01", "MX08", "MX05", "MX10", "MX09")


def test_pairing_past_the_cap_drops_the_last_mobility_exercise() -> None:
    full = {
        "mo.hip-flexor.L": 0,
        "mo.thoracic-rotation.L": 30,
        "mo.thoracic-rotation.R": 30,
        "mo.rectus-femoris.L": 50,
        "mo.thoracic-extension": "limited",
    }
    assert ids(full, 1, "mobility") == ("MX01", "MX08", "MX06", "MX02")


@pytest.mark.parametrize(
    ("overrides", "exercise", "phase", "stays"),
    [
        ({"mo.hip-flexor.L": 0, "sx.leg-quality": ["numbness"]}, "MX01", 1, False),
        ({"mo.hip-flexor.L": 0, "sx.leg-quality": ["tingling"]}, "MX01", 1, True),
        ({"mo.rectus-femoris.L": 50, "sx.extension-provokes": True, "sx.pain-now": 3}, "MX02", 1,
         False),
        ({"mo.rectus-femoris.L": 50, "sx.extension-provokes": True, "sx.pain-now": 3}, "MX02", 2,
         True),
        ({"mo.rectus-femoris.L": 50, "sx.extension-provokes": True, "sx.pain-now": 2}, "MX02", 1,
         True),
        ({"mo.hamstring.L": 50, "mo.slr.L": True}, "MX03", 1, False),
        (LEG | {"mo.hamstring.L": 50}, "MX03", 1, True),
        (LEG | {"mo.hamstring.L": 50, "hx.stretching-months": 3}, "MX03", 1, False),
        ({"mo.hamstring.L": 50, "hx.stretching-months": 3}, "MX03", 1, True),
        (LEG | {"hx.stretching-months": 3}, "MX04", 1, False),
        ({"mo.thoracic-rotation.L": 30, "sx.twist-provokes": True, "sx.pain-now": 4}, "MX06", 1,
         False),
        ({"mo.thoracic-rotation.L": 30, "sx.twist-provokes": True, "sx.pain-now": 3}, "MX06", 1,
         True),
        ({"co.abdominal-control": "fair", "sx.extension-provokes": True, "sx.pain-now": 3}, "CX03",
         2, False),
        ({"co.sl-squat.L": "poor"}, "CX12", 3, True),
        ({"co.sl-squat.L": "poor", "rf.bsi.hop-pain": "yes"}, "CX12", 3, False),
    ],
)  # fmt: skip
def test_the_coded_exclusions(
    overrides: dict[str, Any], exercise: str, phase: int, *, stays: bool
) -> None:
    streams = changed(overrides).streams[phase]
    assert (exercise in streams["mobility"] + streams["control"]) is stays


@pytest.mark.parametrize(("decision", "hops"), [("excluded", True), ("accepted-risk", False)])
def test_hopping_comes_back_when_a_bone_stress_injury_is_excluded(
    decision: str, *, hops: bool
) -> None:
    injured = {
        "co.sl-squat.L": "poor", "rf.bsi.focal-bone-pain": "yes", "rf.bsi.hop-pain": "yes"
    }  # fmt: skip
    evaluation = changed(injured, dispositions={"RF-BSI": decision})
    assert ("CX12" in evaluation.streams[3]["control"]) is hops


@pytest.mark.parametrize(
    ("sign", "exercise"),
    [("cadence", "CX15"), ("trunk", "CX16"), ("counter-rotation", "CX17"),
     ("hip-extension", "CX18"), ("pelvic-control", "CX20")],
)  # fmt: skip
def test_the_first_sign_lost_brings_its_drill_and_cites_the_degradation(
    sign: str, exercise: str
) -> None:
    degraded = {"ga.degradation-observed": True, "ga.degradation-first-sign": sign}
    activity = planned(degraded, exercise, 2)
    assert activity.triggers == (f"FS-{sign.upper()}",)
    assert activity.cites == ("F-DEGRADE",)
    unseen = degraded | {"ga.degradation-observed": False}
    assert exercise not in ids(unseen, 2, "control")


def test_what_everyone_gets_and_running_have_nothing_to_cite() -> None:
    for activity in plan({}).activities:
        assert activity.triggers in (("ALWAYS",), ("RUNNING",))
        assert activity.cites == ()


def test_the_paired_exercise_cites_what_the_stretch_cites() -> None:
    activity = planned({"mo.hip-flexor.L": 0}, "MX08", 1)
    assert (activity.triggers, activity.cites, activity.side) == (("K-05",), ("F-HIPFLEX",), "left")


def test_referred_symptoms_cite_the_run_status_without_a_listed_pattern() -> None:
    assert planned(LEG, "MX12", 1).cites == ("run-status",)
    labelled = LEG | {"sx.self-label": "hamstring", "sx.car-provokes": True}
    labelled |= {"hx.stretching-months": 2, "hx.prior-conditions": ["disc-problem"]}
    evaluation = changed(labelled)
    expected = "P-NERVE" if evaluation.hypotheses else "run-status"
    assert planned(labelled, "MX12", 1).cites == (expected,)


def test_an_exercise_takes_the_side_of_its_findings() -> None:
    one = {"co.side-plank.R": 40, "co.side-plank.L": 50}
    both = {"co.side-plank.R": 40, "co.side-plank.L": 41}
    assert planned(one, "CX05", 1).side == "right"
    assert planned(both, "CX05", 1).side == "both"
    assert planned({}, "CX02", 1).side is None


def test_a_plan_has_three_phases_one_after_the_other() -> None:
    phases = plan({}).phases
    assert [phase.number for phase in phases] == [1, 2, 3]
    assert phases[0].starts == START
    assert [phase.starts for phase in phases[1:]] == [phase.ends for phase in phases[:-1]]


def test_goals_follow_from_what_was_measured() -> None:
    (first, *_) = worked()
    goals = {goal.code: goal for goal in draft(
        answers_of(first.answers), judged(first.answers), load(), START
    ).goals}  # fmt: skip
    assert goals["hip-extension-left"].measure == "mo.hip-extension.L"
    assert goals["hip-extension-left"].target == 10
    assert "hip-extension-right" not in goals
    assert goals["degradation-distance"].target == Decimal("9.4")
    assert goals["degradation-distance"].unit == "km"
    assert goals["psfs"].target == Decimal("6.5")
    assert goals["uwri"].target == 26
    assert goals["clinical"].text == "Run without back pain"
    assert goals["performance"].due == date(2027, 4, 18)


def test_goals_stay_within_their_scales() -> None:
    psfs = [{"activity": "long run", "score": 9}]
    goals = {goal.code: goal for goal in plan({"om.psfs": psfs, "om.uwri": 35}).goals}
    assert goals["psfs"].target == 10
    assert goals["uwri"].target == 36


@pytest.mark.parametrize(
    ("overrides", "level"),
    [
        ({}, "L5"),
        ({"sx.trend": "worsening"}, "L4"),
        ({"sx.limp": True}, "L0"),
        ({"sx.previous-run-status": "pause"}, "L1"),
        ({"sx.previous-run-status": "pause", "sx.limp": True}, "L0"),
    ],
)
def test_where_the_way_back_to_running_starts(overrides: dict[str, Any], level: str) -> None:
    assert plan(overrides).self_management.ladder_level == level


def test_the_review_is_as_many_days_away_as_the_evaluation_says() -> None:
    assert plan({}).review_on == date(2026, 12, 7)


def test_an_incomplete_checklist_can_be_planned_from_and_says_what_was_missing() -> None:
    assert plan({}, without=("fw.wear",)).missing_required == ("fw.wear",)


def test_a_plan_past_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="start after"):
        draft(answers_of(base()), judged(base()), load(), date.max)


@pytest.mark.parametrize(
    ("overrides", "shown", "hidden"),
    [
        ({}, {"ED-01", "ED-04", "ED-11"}, {"ED-07", "ED-08", "ED-13"}),
        ({"hx.sitting-hours": 6}, {"ED-07"}, {"ED-08"}),
        ({"sx.car-provokes": True, "sx.desk-provokes": True}, {"ED-07"}, {"ED-08"}),  # P-DISC, weak
        ({"co.abdominal-control": "poor"}, {"ED-08"}, {"ED-07"}),
        ({"fw.wear": "worn-out"}, {"ED-13"}, set()),
        ({"sx.limp": True}, {"ED-06", "ED-11"}, {"ED-04"}),
        ({"rf.ca.history": "yes"}, {"ED-10"}, {"ED-04", "ED-11"}),
    ],
)
def test_education(overrides: dict[str, Any], shown: set[str], hidden: set[str]) -> None:
    topics = set(changed(overrides).education)
    assert shown <= topics
    assert not hidden & topics


def test_an_excluded_flag_is_not_open() -> None:
    evaluation = changed({"rf.ca.history": "yes"}, dispositions={"RF-MALIGNANCY-AMBER": "excluded"})
    assert {"ED-04", "ED-11"} <= set(evaluation.education)


def test_the_personal_warning_signs_are_written_out() -> None:
    degraded = {
        "ga.degradation-observed": True,
        "ga.degradation-first-sign": "counter-rotation",
        "ga.degradation-km": Decimal("7.5"),
    }
    texts = {topic.id: topic.text for topic in plan(degraded).education}
    assert texts["ED-02"].startswith(
        "On your runs the first sign was counter rotation at about 7.5 km; treat it, rising"
    )
    assert "above 1/10" in texts["ED-02"]
    unknown = {topic.id: topic.text for topic in plan({}, without=("sx.pain-baseline",)).education}
    assert unknown["ED-02"].startswith("Treat rising post-run stiffness")


def test_the_cap_stands_in_its_instruction() -> None:
    texts = {each.id: each.text for each in plan({}).run_modifications}
    assert texts["RM01"].endswith("at most 4.5 km")


def test_a_clinic_can_lower_the_number_of_exercises(tmp_path: Path) -> None:
    (tmp_path / "phases.json").write_text('{"1": {"cap": 2}}')
    (first, *_) = worked()
    own = evaluate(answers_of(first.answers), [], load(tmp_path))
    assert own.streams[1] == {"mobility": ("MX01", "MX08"), "control": ("CX07", "CX02")}
