"""Conditions of evidence that the clinician finds: tests and gait (C.2, C.3, C.5)."""

from domain.answers import SIDES
from domain.findings import side_difference
from domain.leg_symptoms import (
    has_abnormal_neurology,
    has_leg_symptoms,
    positive_straight_leg_raises,
)
from domain.presentation import Condition, Presentation

LEFT_OR_RIGHT = {"left": "L", "right": "R"}


def deficit_side_equals_pain_side(case: Presentation) -> bool:
    """Pain on the left or right, and hip extension lacks on that side (S-024)."""
    side = LEFT_OR_RIGHT.get(case.answers.choice("sx.side") or "")
    return side in case.sides("F-HIPEXT")


def extension_posture(case: Presentation) -> bool:
    """Upright, extended trunk while running, or lordosis in standing (S-114, S-115)."""
    return case.has("F-G-UPRIGHT", "F-LORDOSIS")


def extension_or_quadrant_reproduces_pain(case: Presentation) -> bool:
    """Extension provokes, is painful when tested, or a quadrant test is positive (S-115, S-053)."""
    answers = case.answers
    painful = answers.is_one_of("mo.lumbar-extension", "painful", "limited-painful")
    told = answers.says_yes("sx.extension-provokes")
    return told or painful or bool(answers.sides("mo.quadrant", answers.says_yes))


def flexion_reproduces_pain(case: Presentation) -> bool:
    """Flexion provokes, or is painful when tested (S-112)."""
    painful = case.answers.is_one_of("mo.lumbar-flexion", "painful", "limited-painful")
    return case.answers.says_yes("sx.flexion-provokes") or painful


def centralises(case: Presentation) -> bool:
    """Repeated movement centralises the pain (Petersen 2017; Laslett 2003)."""
    return case.answers.is_one_of("mo.repeated-movement", "centralises")


def glute_reduced_on_one_side_only(case: Presentation) -> bool:
    """Gluteal activation reduced on exactly one side (S-037)."""
    return len(case.sides("F-GLUTE")) == 1


def uneven_pelvis(case: Presentation) -> bool:
    """Uneven pelvic rotation, or a pelvic drop on exactly one side (S-039, S-061)."""
    return case.has("F-G-PELROT") or len(case.sides("F-G-DROP")) == 1


def si_provocation_positive(case: Presentation) -> bool:
    """Three or more sacroiliac provocation tests positive (Laslett 2005)."""
    limit = case.thresholds["si-provocation-positive"]
    return case.answers.is_number("mo.si-provocation", lambda count: count >= limit)


def si_provocation_negative(case: Presentation) -> bool:
    """At most one sacroiliac provocation test positive, when tested (Laslett 2005)."""
    limit = case.thresholds["si-provocation-negative"]
    return case.answers.is_number("mo.si-provocation", lambda count: count <= limit)


def rotation_restricted_on_both_sides_or_asymmetric(case: Presentation) -> bool:
    """Thoracic rotation restricted on both sides, or 10° and more apart (S-059)."""
    return case.sides("F-TROT") == SIDES or case.has("F-TROT-ASYM")


def rotation_free_on_both_sides(case: Presentation) -> bool:
    """Thoracic rotation 45° or more on both sides and less than 10° apart, both measured."""
    difference = side_difference(case.answers, "mo.thoracic-rotation")
    free = case.thresholds["thoracic-rotation-free"]
    sides = case.answers.sides(
        "mo.thoracic-rotation", lambda side: case.answers.is_number(side, lambda x: x >= free)
    )
    even = difference is not None and difference < case.thresholds["thoracic-rotation-asymmetry"]
    return even and sides == SIDES


def counter_rotation_good_at_every_stage(case: Presentation) -> bool:
    """At least one stage observed, and none with less counter-rotation (S-060)."""
    return bool(case.answers.stages()) and not case.has("F-G-CROT")


def gait_hip_extension_adequate_at_every_stage(case: Presentation) -> bool:
    """At least one stage observed, and none with reduced hip extension (S-018)."""
    return bool(case.answers.stages()) and not case.has("F-G-HIPEXT")


def hip_flexor_or_rectus_tight(case: Presentation) -> bool:
    """Hip flexors or rectus femoris tight (S-017)."""
    return case.has("F-HIPFLEX", "F-RECTUS")


def slr_reproduces_leg_pain(case: Presentation) -> bool:
    """Straight-leg raise reproduces the leg pain (S-239)."""
    return bool(positive_straight_leg_raises(case.answers))


def neurological_screen_abnormal(case: Presentation) -> bool:
    """Neurological screen abnormal (S-051)."""
    return has_abnormal_neurology(case.answers)


def slr_negative_and_neuro_normal(case: Presentation) -> bool:
    """Leg symptoms, no positive straight-leg raise, neurology not abnormal (S-053)."""
    signs = slr_reproduces_leg_pain(case) or neurological_screen_abnormal(case)
    return has_leg_symptoms(case.answers) and not signs


def _any_poor(case: Presentation, test: str) -> bool:
    return any(case.answers.is_one_of(f"{test}.{side}", "poor") for side in SIDES)


def poor_squat(case: Presentation) -> bool:
    """Single-leg squat poor on a side (S-123)."""
    return _any_poor(case, "co.sl-squat")


def poor_landing(case: Presentation) -> bool:
    """Single-leg landing poor on a side (S-119, S-121)."""
    return _any_poor(case, "co.sl-landing")


def poor_push_off(case: Presentation) -> bool:
    """Single-leg push-off poor on a side (S-122)."""
    return _any_poor(case, "co.sl-push-off")


def _leg_length_band(case: Presentation) -> str | None:
    """Name the highest band that the leg-length difference reaches (K-08)."""
    finding = case.findings.get("F-LLD")
    if finding is None or finding.value is None:
        return None
    bands = ("leg-length-significant", "leg-length-moderate", "leg-length-minor")
    return next((band for band in bands if finding.value >= case.thresholds[band]), None)


def leg_length_minor(case: Presentation) -> bool:
    """Legs differ by 5 to less than 10 mm (S-140)."""
    return _leg_length_band(case) == "leg-length-minor"


def leg_length_moderate(case: Presentation) -> bool:
    """Legs differ by 10 to less than 20 mm (S-140)."""
    return _leg_length_band(case) == "leg-length-moderate"


def leg_length_significant(case: Presentation) -> bool:
    """Legs differ by 20 mm or more (Knutson 2005)."""
    return _leg_length_band(case) == "leg-length-significant"


def unlevel_pelvis_with_leg_length_difference(case: Presentation) -> bool:
    """Pelvis not level, and the legs differ by 5 mm or more (S-140, S-141)."""
    return case.has("F-LLD") and case.has("F-PELVIC-UNLEVEL")


CONDITIONS: tuple[Condition, ...] = (
    deficit_side_equals_pain_side,
    extension_posture,
    extension_or_quadrant_reproduces_pain,
    flexion_reproduces_pain,
    centralises,
    glute_reduced_on_one_side_only,
    uneven_pelvis,
    si_provocation_positive,
    si_provocation_negative,
    rotation_restricted_on_both_sides_or_asymmetric,
    rotation_free_on_both_sides,
    counter_rotation_good_at_every_stage,
    gait_hip_extension_adequate_at_every_stage,
    hip_flexor_or_rectus_tight,
    slr_reproduces_leg_pain,
    neurological_screen_abnormal,
    slr_negative_and_neuro_normal,
    poor_squat,
    poor_landing,
    poor_push_off,
    leg_length_minor,
    leg_length_moderate,
    leg_length_significant,
    unlevel_pelvis_with_leg_length_difference,
)
