"""What a complete checklist still lacks (specification B, C.5)."""

from collections.abc import Callable, Mapping

from domain.answers import Answers
from domain.checklist import STAGE, Item, checklist
from domain.leg_symptoms import has_leg_symptoms

GOALS = ("go.clinical", "go.performance")
FASTER = ("tempo", "race", "fatigued")
LANDING = "co.sl-landing"


def _course_is_none_of(answers: Answers, *courses: str) -> bool:
    """Ask for more unless the course was answered as one of these."""
    return not answers.is_one_of("sx.course-in-run", *courses)


def _needs_leg_length(answers: Answers) -> bool:
    uneven = any(stage.is_other_than("stride-asym", "none") for stage in answers.stages())
    return uneven or answers.is_other_than("po.pelvic-level", "level")


def _has_leg_length(answers: Answers) -> bool:
    return bool(answers.sides("po.leg-length", answers.is_answered))


def _has_degraded(answers: Answers) -> bool:
    return answers.says_yes("ga.degradation-observed")


# Rows that are required under a condition; a condition on an unanswered question does not hold.
CONDITIONS: Mapping[str, Callable[[Answers], bool]] = {
    "sx.pain-run": lambda a: _course_is_none_of(a, "not-running"),
    "sx.onset-km": lambda a: _course_is_none_of(a, "not-running", "none-during-run"),
    "sx.leg-quality": has_leg_symptoms,
    "mo.slr": has_leg_symptoms,
    "mo.neuro": has_leg_symptoms,
    "mo.si-provocation": lambda a: a.is_one_of("sx.site", "posterior-pelvis", "buttock"),
    "po.leg-length": _needs_leg_length,
    "po.leg-length-method": _has_leg_length,
    "ga.degradation-km": _has_degraded,
    "ga.degradation-first-sign": _has_degraded,
}


def missing_required(answers: Answers, *, paused: bool) -> tuple[str, ...]:
    """Return the linkIds that a complete checklist still needs, each once.

    While the run status is pause nobody has to run or hop to complete a checklist.
    """
    items = [item for item in checklist().items if not item.group]
    missing = [
        item.link_id
        for item in items
        if not (paused and _needs_running(item))
        and _is_required(item, answers)
        and not answers.is_answered(item.link_id)
    ]
    if answers.unanswered(*GOALS) != GOALS:
        missing = [link_id for link_id in missing if link_id not in GOALS]
    return tuple(missing) if paused else (*missing, *_missing_stages(answers))


def _needs_running(item: Item) -> bool:
    return item.section == "ga" or item.row_id == LANDING


def _is_required(item: Item, answers: Answers) -> bool:
    if item.required == "C":
        return CONDITIONS[item.row_id](answers)
    return item.required == "R"


def _missing_stages(answers: Answers) -> tuple[str, ...]:
    """Return ga.stage without an easy or a faster stage, and what any stage lacks."""
    both = answers.stages("easy") and answers.stages(*FASTER)
    incomplete = tuple(
        child.link_id
        for child in checklist().groups[STAGE]
        if child.required == "R"
        and any(not stage.is_answered(child.name) for stage in answers.stages())
    )
    return incomplete if both else (STAGE, *incomplete)
