"""Specification C.1 and C.5: numbers, F-SPIKE, kinds of findings, F-PACE and F-FATIGUE-SIGN."""

from decimal import Decimal
from typing import Any

import pytest

from domain.answers import Answers
from domain.checklist import checklist
from domain.findings import Finding
from domain.knowledge import load
from domain.presentation import FINDING_RULES
from tests.unit.domain.case_answers import base, changed


def findings(overrides: dict[str, Any], without: tuple[str, ...] = ()) -> dict[str, Finding]:
    return {each.code: each for each in changed(overrides, without).findings}


def stage(condition: str, **overrides: Any) -> dict[str, Any]:
    easy: dict[str, Any] = base()["ga.stage"][0]
    dotted = {name.replace("__", "-").replace("_at_", "."): v for name, v in overrides.items()}
    return easy | {"condition": condition} | dotted


def test_every_finding_has_a_rule_and_a_name() -> None:
    assert set(FINDING_RULES) == set(load().findings)
    assert len(FINDING_RULES) == 42


def test_a_runner_without_answers_has_no_finding() -> None:
    limits = load().thresholds
    assert [rule(Answers({}), limits) for rule in FINDING_RULES.values()] == [None] * 42


@pytest.mark.parametrize(
    ("link_id", "value", "code"),
    [
        ("mo.hip-extension.L", Decimal("9.99"), "F-HIPEXT"),
        ("mo.hip-extension.L", 0, "F-HIPEXT-MARKED"),
        ("mo.hip-flexor.L", Decimal("-9.69"), "F-HIPFLEX"),
        ("mo.rectus-femoris.L", Decimal("59.9"), "F-RECTUS"),
        ("mo.hamstring.L", Decimal("40.1"), "F-HAM"),
        ("mo.thoracic-rotation.L", Decimal("39.9"), "F-TROT"),
        ("co.side-plank.L", Decimal("44.9"), "F-SIDEPLANK"),
        ("co.glute-activation.L", "reduced", "F-GLUTE"),
        ("co.hip-abduction.L", "weak", "F-HIPABD"),
        ("co.sl-squat.L", "poor", "F-SLCONTROL"),
    ],
)
def test_a_sided_finding_names_its_side_and_its_basis(link_id: str, value: Any, code: str) -> None:
    made = findings({link_id: value})[code]
    assert (made.sides, made.value, made.basis) == (("L",), None, (link_id,))
    assert str(value) in made.why or value in ("reduced", "weak")


@pytest.mark.parametrize(
    ("link_id", "value", "code"),
    [
        ("mo.hip-extension.L", 10, "F-HIPEXT"),
        ("mo.hip-extension.L", Decimal("0.01"), "F-HIPEXT-MARKED"),
        ("mo.hip-flexor.L", Decimal("-9.7"), "F-HIPFLEX"),
        ("mo.rectus-femoris.L", 60, "F-RECTUS"),
        ("mo.hamstring.L", 40, "F-HAM"),
        ("mo.thoracic-rotation.L", 40, "F-TROT"),
        ("co.side-plank.L", 45, "F-SIDEPLANK"),
        ("co.front-plank", 60, "F-PLANK"),
        ("hx.sitting-hours", Decimal("5.99"), "F-SITTING"),
        ("fw.shoe-km", Decimal("799.9"), "F-SHOE-WORN"),
        ("hx.strength-days", 1, "F-NOSTRENGTH"),
        ("co.sl-squat.L", "fair", "F-SLCONTROL"),
        ("fw.match", "unsure", "F-SHOE-MATCH"),
        ("fw.wear", "uneven", "F-SHOE-WORN"),
        ("hx.recent-change", ["surface"], "F-LOADCHANGE"),
    ],
)
def test_the_threshold_itself_is_on_the_normal_side(link_id: str, value: Any, code: str) -> None:
    assert code not in findings({link_id: value})


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"mo.hip-extension.L": 20, "mo.hip-extension.R": 15}, "F-HIPEXT-ASYM"),
        ({"mo.thoracic-rotation.L": 60, "mo.thoracic-rotation.R": 50}, "F-TROT-ASYM"),
        ({"co.side-plank.L": 60, "co.side-plank.R": 75}, "F-SIDEPLANK-ASYM"),
        ({"hx.sitting-hours": 6}, "F-SITTING"),
        ({"mo.thoracic-extension": "limited"}, "F-TEXT"),
        ({"co.abdominal-control": "poor"}, "F-ABDO"),
        ({"co.abdominal-control": "fair"}, "F-ABDO-FAIR"),
        ({"co.front-plank": Decimal("59.9")}, "F-PLANK"),
        ({"co.breathing": "breath-holding"}, "F-BREATH"),
        ({"po.pelvic-level": "left-high"}, "F-PELVIC-UNLEVEL"),
        ({"po.standing": "increased-lordosis"}, "F-LORDOSIS"),
        ({"po.pelvic-tilt": "anterior"}, "F-LORDOSIS"),
        ({"fw.wear": "worn-out"}, "F-SHOE-WORN"),
        ({"fw.shoe-km": 800}, "F-SHOE-WORN"),
        ({"fw.match": "no"}, "F-SHOE-MATCH"),
        ({"hx.recent-change": ["shoes"]}, "F-SHOE-NEW"),
        ({"hx.recent-change": ["surface", "hills"]}, "F-LOADCHANGE"),
        ({"hx.strength-days": 0}, "F-NOSTRENGTH"),
        ({"ga.degradation-observed": True}, "F-DEGRADE"),
    ],
)
def test_a_finding_that_is_present_or_absent(overrides: dict[str, Any], code: str) -> None:
    made = findings(overrides)[code]
    assert (made.sides, made.value) == ((), None)
    assert made.basis
    assert made.why
    assert all(checklist().item(link_id) for link_id in made.basis)


def test_a_difference_needs_both_sides() -> None:
    assert "F-HIPEXT-ASYM" not in findings({}, without=("mo.hip-extension.L",))
    assert "F-LLD" not in findings({"po.leg-length.L": 130}, without=("po.leg-length.R",))


def test_two_fair_tests_on_one_side_count_as_poor_control() -> None:
    both = {"co.sl-squat.R": "fair", "co.sl-landing.R": "fair"}
    split = {"co.sl-squat.R": "fair", "co.sl-landing.L": "fair"}
    assert findings(both)["F-SLCONTROL"].sides == ("R",)
    assert "F-SLCONTROL" not in findings(split)


def test_leg_length_difference_is_given_in_millimetres() -> None:
    exact = {"po.leg-length.L": Decimal("88.0"), "po.leg-length.R": Decimal("88.5")}
    below = {"po.leg-length.L": Decimal("88.0"), "po.leg-length.R": Decimal("88.49")}
    assert findings(exact)["F-LLD"].value == 5
    assert "F-LLD" not in findings(below)


@pytest.mark.parametrize(
    ("longest", "index_run", "value"),
    [
        ("10", "11", None),
        ("10", "11.01", 10),
        ("10", "11.04", 10),
        ("10", "11.05", 11),
        ("3", "3.333", 11),
        ("0", "5", 999),
        ("0", "0", None),
        ("16", "0", None),
        ("0.1", "250", 999),
        ("0.3", "0.33", None),
    ],
)
def test_the_spike_is_exact_and_shown_rounded(longest: str, index_run: str, value: Any) -> None:
    answers = {"hx.longest-run-30d": Decimal(longest), "hx.index-run": Decimal(index_run)}
    made = findings(answers).get("F-SPIKE")
    assert (made.value if made else None) == value


def test_a_spike_needs_both_distances() -> None:
    assert "F-SPIKE" not in findings({"hx.index-run": 100}, without=("hx.longest-run-30d",))
    assert "F-SPIKE" not in findings({"hx.longest-run-30d": 0}, without=("hx.index-run",))


@pytest.mark.parametrize("condition", ["tempo", "race"])
def test_a_sign_at_pace_that_no_easy_stage_shows(condition: str) -> None:
    harder = stage(condition) | {"trunk-lean": "left"}
    assert "F-PACE" in findings({"ga.stage": [stage("easy"), harder]})
    assert "F-FATIGUE-SIGN" not in findings({"ga.stage": [stage("easy"), harder]})


@pytest.mark.parametrize(
    "sign",
    [
        {"hip-extension.L": "reduced"},
        {"counter-rotation": "absent"},
        {"pelvic-drop.R": 6},
        {"pelvic-rotation-asym": True},
        {"trunk-lean": "right"},
    ],
)
def test_each_of_the_four_signs_counts(sign: dict[str, Any]) -> None:
    made = findings({"ga.stage": [stage("easy"), stage("fatigued") | sign]})
    assert "F-FATIGUE-SIGN" in made
    assert "F-PACE" not in made


@pytest.mark.parametrize("sign", [{"arm-swing": "reduced-both"}, {"stride-asym": "longer-left"}])
def test_other_signs_do_not_count_for_pace(sign: dict[str, Any]) -> None:
    assert "F-PACE" not in findings({"ga.stage": [stage("easy"), stage("tempo") | sign]})


def test_the_same_sign_on_the_other_side_is_not_new() -> None:
    easy = stage("easy") | {"hip-extension.L": "reduced"}
    tempo = stage("tempo") | {"hip-extension.R": "reduced"}
    assert "F-PACE" not in findings({"ga.stage": [easy, tempo]})


def test_one_easy_stage_with_the_sign_is_enough_to_make_it_old() -> None:
    lean = {"trunk-lean": "left"}
    stages = [stage("easy"), stage("easy") | lean, stage("tempo") | lean]
    assert "F-PACE" not in findings({"ga.stage": stages})


def test_without_an_easy_stage_nothing_is_new() -> None:
    assert "F-PACE" not in findings({"ga.stage": [stage("tempo") | {"trunk-lean": "left"}]})
