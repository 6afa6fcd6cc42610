"""What a plan holds: exercises by stream and phase, advice, education and the review.

https://hl7.org/fhir/R4/careplan-definitions.html#CarePlan.activity.detail
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.clinic.canonical import SNOMED, Canonical
from api.clinic.dosage import dosage_extension, timing
from api.clinic.goals import goal_id, served_goals
from domain.evaluation import Evaluation
from domain.rehab_plan import PlannedExercise, RehabPlan

# SNOMED CT as a second coding, only where the code was seen in a published value set.
_EXERCISE_THERAPY = {"system": SNOMED, "code": "229065009", "display": "Exercise therapy"}
_STRETCHING = {"system": SNOMED, "code": "229070002", "display": "Stretching exercises"}
_EDUCATION = {"system": SNOMED, "code": "409073007", "display": "Education"}
_STRETCHES = frozenset({"MX01", "MX02", "MX03", "MX04", "MX11"})


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What the parts of a plan are written with."""

    plan_id: str
    canonical: Canonical
    evaluation: Evaluation
    twins: Mapping[str, Sequence[str]]
    """References of the twins that carry a code, by that code."""


def activities(plan: RehabPlan, context: PlanContext) -> list[dict[str, Any]]:
    """Return the activities of a drafted plan."""
    details = [
        *(_exercise(planned, plan, context) for planned in plan.activities),
        *_run_modifications(plan, context.canonical),
        _self_management(plan),
        *_education(plan, context.canonical),
        _review(plan),
    ]
    return [{"detail": detail} for detail in details]


def _exercise(planned: PlannedExercise, plan: RehabPlan, context: PlanContext) -> dict[str, Any]:
    exercise, canonical = planned.exercise, context.canonical
    second = _STRETCHING if exercise.id in _STRETCHES else _EXERCISE_THERAPY
    references = [twin for code in planned.cites for twin in context.twins.get(code, ())]
    cited = [finding for finding in context.evaluation.findings if finding.code in planned.cites]
    goals = served_goals(cited, plan.goals)
    detail = {
        "extension": [dosage_extension(planned, canonical)],
        "kind": "ServiceRequest",
        "code": {"coding": [canonical.coding("rs-exercise", exercise.id, exercise.name), second]},
        "status": "scheduled",
        "scheduledTiming": timing(exercise.dose),
        "description": _instruction(planned),
    }
    if references:
        detail["reasonReference"] = [{"reference": reference} for reference in references]
    if goals:
        ids = (goal_id(goal, context.plan_id, canonical) for goal in goals)
        detail["goal"] = [{"reference": f"Goal/{resource_id}"} for resource_id in ids]
    return detail


def _instruction(planned: PlannedExercise) -> str:
    exercise = planned.exercise
    parts = [
        f"{exercise.name}: {exercise.dose.text}",
        f"Harder: {exercise.progression}" if exercise.progression else "",
        f"Easier: {exercise.regression}" if exercise.regression else "",
        f"Leave out with: {exercise.avoid_when}" if exercise.avoid_when else "",
    ]
    return ". ".join(part for part in parts if part) + "."


def _run_modifications(plan: RehabPlan, canonical: Canonical) -> list[dict[str, Any]]:
    return [
        {
            "code": {"coding": [canonical.coding("rs-run-modification", instruction.id)]},
            "status": "scheduled",
            "description": instruction.text,
        }
        for instruction in plan.run_modifications
    ]


def _self_management(plan: RehabPlan) -> dict[str, Any]:
    own = plan.self_management
    ladder = "; ".join(f"{level.id} {level.text}" for level in own.ladder)
    parts = [
        *own.blocks,
        f"Way back to running, starting at {own.ladder_level}: {ladder}",
        *own.stop_rules,
        f"Report every week: {', '.join(own.weekly_report)}",
    ]
    text = " ".join(part if part.endswith(".") else f"{part}." for part in parts)
    return {"code": {"text": "Self-management"}, "status": "scheduled", "description": text}


def _education(plan: RehabPlan, canonical: Canonical) -> list[dict[str, Any]]:
    return [
        {
            "kind": "CommunicationRequest",
            "code": {"coding": [canonical.coding("rs-education", topic.id), _EDUCATION]},
            "status": "scheduled",
            "description": topic.text,
        }
        for topic in plan.education
    ]


def _review(plan: RehabPlan) -> dict[str, Any]:
    day = plan.review_on.isoformat()
    return {
        "kind": "Appointment",
        "code": {"text": "Review"},
        "status": "not-started",
        "scheduledPeriod": {"start": day, "end": day},
        "description": "Review: measure again what was found, and decide on each stream.",
    }
