"""Specification C.2, C.3 and C.5: evidence, scores, ranks, subtype, contributors."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from domain.evaluation import Evaluation
from domain.evidence import CONDITIONS
from domain.knowledge import load
from domain.patterns import Evidence, band, shown_ratio
from domain.presentation import present_case
from tests.unit.domain.case_answers import answers_of, base, changed

LEG = {"sx.leg-region": "posterior-thigh", "sx.leg-quality": ["ache"], "mo.neuro": "normal"}
TESTED = LEG | {"mo.slr.L": False, "mo.slr.R": False}


def holds(condition: str, overrides: dict[str, Any], without: tuple[str, ...] = ()) -> bool:
    values = base() | overrides
    kept = {link_id: value for link_id, value in values.items() if link_id not in without}
    return CONDITIONS[condition](present_case(answers_of(kept), load().thresholds))


def listed(evaluation: Evaluation, pattern: str) -> dict[str, Evidence]:
    (found,) = [each for each in evaluation.hypotheses if each.pattern == pattern]
    return {line.text: line for line in found.evidence}


def score(evaluation: Evaluation, contributor: str) -> int | None:
    found = {each.contributor: each.score for each in evaluation.contributors}
    return found.get(contributor)


def test_the_maxima_are_those_of_the_specification() -> None:
    maxima = {code: rule.maximum for code, rule in load().patterns.items()}
    assert maxima == {
        "P-NERVE": 16, "P-FACET": 16, "P-DISC": 15, "P-SIJ": 16, "P-THORACIC": 14
    }  # fmt: skip


def test_every_line_names_a_finding_or_a_condition_and_every_condition_is_used() -> None:
    knowledge = load()
    lines = {line.when for rule in knowledge.patterns.values() for line in rule.lines}
    lines |= {line.when for rule in knowledge.contributors.values() for line in rule.lines}
    assert lines - set(knowledge.findings) == set(CONDITIONS)


@pytest.mark.parametrize(
    ("condition", "overrides", "expected"),
    [
        ("deficit-side-equals-pain-side", {"sx.side": "left", "mo.hip-extension.L": 4}, True),
        ("deficit-side-equals-pain-side", {"sx.side": "right", "mo.hip-extension.L": 4}, False),
        ("deficit-side-equals-pain-side", {"sx.side": "bilateral", "mo.hip-extension.L": 4}, False),
        ("extension-or-quadrant-reproduces-pain", {"sx.extension-provokes": True}, True),
        ("extension-or-quadrant-reproduces-pain", {"mo.lumbar-extension": "painful"}, True),
        ("extension-or-quadrant-reproduces-pain", {"mo.lumbar-extension": "limited"}, False),
        ("extension-or-quadrant-reproduces-pain", {"mo.quadrant.R": True}, True),
        ("flexion-reproduces-pain", {"mo.lumbar-flexion": "limited-painful"}, True),
        ("flexion-reproduces-pain", {"mo.lumbar-flexion": "limited"}, False),
        (
            "one-sided-posterior-pelvic-pain",
            {"sx.site": "posterior-pelvis", "sx.side": "left"},
            True,
        ),
        ("one-sided-posterior-pelvic-pain", {"sx.site": "posterior-pelvis"}, False),
        ("one-sided-posterior-pelvic-pain", {"sx.site": "buttock", "sx.side": "left"}, False),
        ("glute-reduced-on-one-side-only", {"co.glute-activation.L": "reduced"}, True),
        (
            "glute-reduced-on-one-side-only",
            {"co.glute-activation.L": "reduced", "co.glute-activation.R": "reduced"},
            False,
        ),
        ("si-provocation-positive", {"mo.si-provocation": 3}, True),
        ("si-provocation-positive", {"mo.si-provocation": 2}, False),
        ("si-provocation-negative", {"mo.si-provocation": 1}, True),
        ("si-provocation-negative", {"mo.si-provocation": 2}, False),
        ("si-provocation-negative", {}, False),
        ("rotation-free-on-both-sides", {}, True),
        ("rotation-free-on-both-sides", {"mo.thoracic-rotation.L": Decimal("44.9")}, False),
        ("rotation-free-on-both-sides", {"mo.thoracic-rotation.L": 58}, False),
        ("counter-rotation-good-at-every-stage", {}, True),
        ("counter-rotation-good-at-every-stage", {"ga.stage": []}, False),
        ("gait-hip-extension-adequate-at-every-stage", {"ga.stage": []}, False),
        ("symptoms-in-calf-or-foot", {"sx.leg-region": "calf"}, True),
        ("leg-symptoms", {"sx.site": "leg"}, True),
        ("no-leg-symptoms", {"sx.site": "leg"}, False),
        ("no-leg-symptoms", {}, True),
        ("slr-negative-and-neuro-normal", TESTED, True),
        ("slr-negative-and-neuro-normal", {}, False),
        ("slr-negative-and-neuro-normal", TESTED | {"mo.slr.R": True}, False),
        ("no-sitting-or-morning-provocation", {}, True),
        ("no-sitting-or-morning-provocation", {"sx.car-provokes": True}, False),
        ("months-of-stretching-without-gain", {"hx.stretching-months": 3}, True),
        ("months-of-stretching-without-gain", {"hx.stretching-months": Decimal("2.9")}, False),
        ("self-labelled-leg-muscle", {"sx.self-label": "tight-hip-flexors"}, False),
    ],
)
def test_a_condition(condition: str, overrides: dict[str, Any], *, expected: bool) -> None:
    assert holds(condition, overrides) is expected


def test_all_three_must_be_answered_for_no_sitting_provocation() -> None:
    assert not holds("no-sitting-or-morning-provocation", {}, without=("sx.morning-after",))


def test_one_rotation_alone_is_not_free_on_both_sides() -> None:
    assert not holds("rotation-free-on-both-sides", {}, without=("mo.thoracic-rotation.R",))


@pytest.mark.parametrize(("drops", "uneven"), [(("L",), True), (("L", "R"), False), ((), False)])
def test_a_drop_on_one_side_only_is_uneven(drops: tuple[str, ...], *, uneven: bool) -> None:
    easy = base()["ga.stage"][0] | {f"pelvic-drop.{side}": 6 for side in drops}
    assert holds("uneven-pelvis", {"ga.stage": [easy]}) is uneven


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, None),
        ({"mo.slr.R": True}, "radicular"),
        ({"mo.neuro": "reflex-change"}, "radicular"),
        ({"sx.leg-quality": ["numbness"]}, None),
        (TESTED, "referred"),
        (TESTED | {"sx.leg-region": "none", "sx.site": "leg"}, "referred"),
        (TESTED | {"sx.leg-region": "foot"}, "radicular"),
        (TESTED | {"sx.leg-quality": ["ache", "shooting"]}, "radicular"),
        (TESTED | {"sx.leg-quality": []}, "radicular"),
        (LEG | {"mo.slr.L": False}, "radicular"),
        ({**TESTED, "mo.slr.L": True}, "radicular"),
    ],
)
def test_the_subtype_of_leg_symptoms(overrides: dict[str, Any], expected: str | None) -> None:
    evaluation = changed(overrides)
    assert evaluation.subtype == expected
    paused = "RS-P2" in [reason.code for reason in evaluation.run_status.reasons]
    assert paused is (expected == "radicular")


def test_leg_symptoms_ask_for_raises_and_neurology() -> None:
    (missing,) = changed({"sx.leg-region": "calf"}).insufficient_data
    assert missing.pattern == "P-NERVE"
    assert missing.missing == ("mo.slr.L", "mo.slr.R", "mo.neuro")


@pytest.mark.parametrize(
    ("link_id", "pattern"),
    [
        ("sx.after-stop", "P-FACET"),
        ("sx.desk-provokes", "P-DISC"),
        ("sx.side", "P-SIJ"),
        ("ga.stage", "P-THORACIC"),
        ("sx.leg-region", "P-NERVE"),
    ],
)
def test_a_pattern_without_its_minimum_data_is_not_judged(link_id: str, pattern: str) -> None:
    evaluation = changed(without=(link_id,))
    assert [each.pattern for each in evaluation.insufficient_data] == [pattern]
    assert evaluation.insufficient_data[0].missing == (link_id,)


def test_only_the_nerve_pattern_carries_a_subtype() -> None:
    nerve = TESTED | {"sx.leg-region": "calf", "sx.car-provokes": True, "mo.slr.L": True}
    evaluation = changed(nerve | {"sx.posture-worse-than-run": True, "sx.desk-provokes": True})
    assert {each.pattern: each.subtype for each in evaluation.hypotheses} == {
        "P-NERVE": "radicular", "P-DISC": None
    }  # fmt: skip


def test_every_line_of_a_listed_pattern_is_returned() -> None:
    lines = listed(changed({"sx.posture-worse-than-run": True, "sx.car-provokes": True}), "P-DISC")
    assert len(lines) == 11
    assert lines["held postures worse than run"].met
    assert not lines["desk sitting provokes"].met
    assert lines["desk sitting provokes"].seeds == ("S-031",)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (Fraction(3, 5), "strong"),
        (Fraction(59, 100), "moderate"),
        (Fraction(2, 5), "moderate"),
        (Fraction(399, 1000), "weak"),
        (Fraction(1, 4), "weak"),
        (Fraction(249, 1000), None),
    ],
)
def test_bands_use_the_exact_quotient(ratio: Fraction, expected: str | None) -> None:
    assert band(ratio, load().thresholds) == expected


@pytest.mark.parametrize(
    ("ratio", "shown"), [((9, 16), "0.56"), ((1, 8), "0.13"), ((2, 3), "0.67"), ((1, 1), "1.00")]
)
def test_the_ratio_is_shown_with_two_decimals_halves_up(ratio: Any, shown: str) -> None:
    assert str(shown_ratio(Fraction(*ratio))) == shown


def test_a_score_is_never_below_zero_and_nothing_listed_falls_back() -> None:
    evaluation = changed()
    assert evaluation.hypotheses == ()
    assert evaluation.fallback == "P-NONSPECIFIC"


def test_equal_ratio_and_score_rank_facet_before_sij() -> None:
    facet = {"sx.after-stop": ["stiff-worst-on-stopping"], "sx.eases-with-walking": True}
    sij = {"sx.side": "right", "sx.site": "posterior-pelvis", "sx.catching": True}
    evaluation = changed(facet | sij)
    ranked = [(each.pattern, each.score, each.rank) for each in evaluation.hypotheses]
    assert ranked == [("P-FACET", 5, 1), ("P-SIJ", 5, 2)]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"mo.hip-extension.L": 4, "mo.hip-extension.R": 4}, None),
        ({"mo.hip-extension.L": 4, "ga.stage": []}, 3),
        ({"mo.hip-extension.L": 0, "hx.sitting-hours": 6}, 4),
        ({"mo.hip-extension.L": 4, "mo.hip-flexor.L": 0, "mo.rectus-femoris.L": 50}, 3),
    ],
)
def test_hip_extension_contributor(overrides: dict[str, Any], expected: int | None) -> None:
    assert score(changed(overrides), "C-HIPEXT") == expected


@pytest.mark.parametrize(
    ("longest", "index_run", "expected"),
    [("10", "11", None), ("10", "11.1", 2), ("10", "13", 2), ("10", "13.01", 3), ("10", "20", 3),
     ("10", "20.01", 4), ("0", "1", 4)],
)  # fmt: skip
def test_load_compares_the_exact_spike(longest: str, index_run: str, expected: int | None) -> None:
    answers = {"hx.longest-run-30d": Decimal(longest), "hx.index-run": Decimal(index_run)}
    assert score(changed(answers), "C-LOAD") == expected


@pytest.mark.parametrize(
    ("difference", "unlevel", "expected"),
    [("0.5", False, None), ("0.5", True, 2), ("0.99", True, 2), ("1", False, 2), ("1.99", True, 3),
     ("2", False, 3), ("0.4", True, None)],
)  # fmt: skip
def test_leg_length_bands(difference: str, expected: int | None, *, unlevel: bool) -> None:
    lengths = {"po.leg-length.L": Decimal(88), "po.leg-length.R": 88 + Decimal(difference)}
    level = {"po.pelvic-level": "left-high" if unlevel else "level"}
    assert score(changed(lengths | level), "C-LEGLENGTH") == expected


def test_tightness_counts_each_tight_side() -> None:
    tight = {"mo.hip-flexor.L": 0, "mo.rectus-femoris.L": 50, "mo.hamstring.L": 50}
    both = tight | {"mo.hamstring.R": 50}
    assert score(changed({"mo.hamstring.L": 50}), "C-TIGHT") is None
    assert score(changed(tight), "C-TIGHT") == 3
    assert score(changed(both), "C-TIGHT") == 4


def test_contributors_are_sorted_by_what_exceeds_the_cut_then_by_code() -> None:
    overrides = {
        "co.sl-squat.L": "poor",
        "co.abdominal-control": "poor",
        "co.glute-activation.L": "reduced",
        "fw.wear": "worn-out",
        "fw.match": "no",
    }
    shown = [(each.contributor, each.score - each.cut) for each in changed(overrides).contributors]
    assert shown == [("C-COREGLUTE", 2), ("C-FOOTWEAR", 1), ("C-SLCONTROL", 1)]


def test_a_contributor_says_what_counted() -> None:
    (contributor,) = changed({"fw.wear": "worn-out"}).contributors
    assert contributor.why == "F-SHOE-WORN (shoes: worn out) +2"
