"""Leg symptoms and their subtype, radicular or referred (specification C.5; S-246, S-050)."""

from domain.answers import Answers

RADICULAR = "radicular"
REFERRED = "referred"
STRAIGHT_LEG_RAISES = ("mo.slr.L", "mo.slr.R")


def has_leg_symptoms(answers: Answers) -> bool:
    """Leg region answered and not none, or the main pain site is the leg."""
    return answers.is_other_than("sx.leg-region", "none") or answers.is_one_of("sx.site", "leg")


def positive_straight_leg_raises(answers: Answers) -> tuple[str, ...]:
    """Return the straight-leg raises that reproduce the familiar leg pain."""
    return tuple(link_id for link_id in STRAIGHT_LEG_RAISES if answers.says_yes(link_id))


def has_abnormal_neurology(answers: Answers) -> bool:
    """Neurological screen done, and not normal."""
    return answers.is_other_than("mo.neuro", "normal")


def has_nerve_quality(answers: Answers) -> bool:
    """Tingling, numbness or shooting among the qualities."""
    return answers.includes("sx.leg-quality", "tingling", "numbness", "shooting")


def reaches_calf_or_foot(answers: Answers) -> bool:
    """Furthest leg region calf or foot."""
    return answers.is_one_of("sx.leg-region", "calf", "foot")


def untested(answers: Answers) -> tuple[str, ...]:
    """Return what has not been asked or tested of the leg: it is not taken as harmless (S-246)."""
    return answers.unanswered("sx.leg-quality", *STRAIGHT_LEG_RAISES, "mo.neuro")


def subtype(answers: Answers) -> str | None:
    """Return radicular, referred, or None without leg symptoms."""
    if radicular_reasons(answers):
        return RADICULAR
    return REFERRED if has_leg_symptoms(answers) else None


def radicular_reasons(answers: Answers) -> tuple[str, ...]:
    """Return, in words, what makes the leg symptoms radicular."""
    signs = (
        (bool(positive_straight_leg_raises(answers)), "straight-leg raise reproduces the leg pain"),
        (has_abnormal_neurology(answers), f"neurology: {answers.choice('mo.neuro')}"),
    )
    symptoms = (
        (reaches_calf_or_foot(answers), f"symptoms reach the {answers.choice('sx.leg-region')}"),
        (has_nerve_quality(answers), "tingling, numbness or shooting in the leg"),
        (bool(untested(answers)), f"leg symptoms with {', '.join(untested(answers))} not answered"),
    )
    considered = signs + symptoms if has_leg_symptoms(answers) else signs
    return tuple(words for holds, words in considered if holds)
