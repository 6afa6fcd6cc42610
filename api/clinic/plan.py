"""The two-stream plan of an Assessment as a CarePlan with its Goals, for a clinician to accept.

https://hl7.org/fhir/R4/careplan.html

The ids follow from the version of the Assessment, so that asking again gives the same plan.
"""

from dataclasses import dataclass
from typing import Any

from api.clinic.activities import PlanContext, activities
from api.clinic.canonical import SNOMED, Canonical
from api.clinic.goals import goal_id, goal_resource
from domain.rehab_plan import Phase, RehabPlan

_PHYSIOTHERAPY = {"system": SNOMED, "code": "773513001", "display": "Physiotherapy care plan"}
STREAMS = ("mobility", "control")


@dataclass(frozen=True, slots=True)
class PlanSource:
    """What a plan is drafted from, beside the reasoning: whose, from which version, by whom."""

    assessment: dict[str, Any]
    reference: str
    """`Assessment/{id}/_history/{vid}`"""
    author: str | None
    created: str


def plan_id(assessment_version: str, canonical: Canonical) -> str:
    """Return the id of the plan of one version of an Assessment (`Assessment/1/_history/2`)."""
    return canonical.stable_id(assessment_version)


def care_plan(plan: RehabPlan, source: PlanSource, context: PlanContext) -> dict[str, Any]:
    """Return the CarePlan, a draft."""
    canonical = context.canonical
    goals = [goal_id(goal, context.plan_id, canonical) for goal in plan.goals]
    resource = {
        "resourceType": "CarePlan",
        "id": context.plan_id,
        "extension": _extensions(plan, canonical),
        "instantiatesCanonical": [canonical.two_stream],
        "status": "draft",
        "intent": "plan",
        "category": _categories(canonical),
        "title": "Two-stream rehabilitation of a runner's back pain",
        "description": _description(plan),
        "subject": source.assessment["subject"],
        "encounter": source.assessment.get("encounter"),
        "period": {"start": plan.phases[0].starts.isoformat()},
        "created": source.created,
        "author": {"reference": source.author} if source.author else None,
        "supportingInfo": [{"reference": source.reference}],
        "goal": [{"reference": f"Goal/{resource_id}"} for resource_id in goals],
        "activity": activities(plan, context),
        "note": _notes(plan),
    }
    return {name: value for name, value in resource.items() if value not in (None, [])}


def plan_goals(plan: RehabPlan, resource: dict[str, Any], canonical: Canonical) -> list[Any]:
    """Return the Goal resources of a CarePlan."""
    return [goal_resource(goal, resource, canonical) for goal in plan.goals]


def _extensions(plan: RehabPlan, canonical: Canonical) -> list[dict[str, Any]]:
    status = {"coding": [canonical.coding("rs-run-status", plan.run_status)]}
    extensions = [{"url": canonical.extension("run-status"), "valueCodeableConcept": status}]
    for instruction in plan.run_modifications:
        coding = canonical.coding("rs-run-modification", instruction.id)
        concept = {"coding": [coding], "text": instruction.text}
        url = canonical.extension("run-modification")
        extensions.append({"url": url, "valueCodeableConcept": concept})
    return extensions + [stream_phase(stream, 1, canonical) for stream in STREAMS]


def stream_phase(stream: str, phase: int, canonical: Canonical) -> dict[str, Any]:
    """Return the extension that says in which phase a stream is."""
    parts = [
        {"url": "stream", "valueCode": stream},
        {"url": "phase", "valuePositiveInt": phase},
    ]
    return {"url": canonical.extension("stream-phase"), "extension": parts}


def _categories(canonical: Canonical) -> list[dict[str, Any]]:
    streams = [canonical.coding("rs-stream", stream) for stream in STREAMS]
    return [{"coding": [coding]} for coding in (_PHYSIOTHERAPY, *streams)]


def _description(plan: RehabPlan) -> str:
    return "\n".join(_phase(phase, plan) for phase in plan.phases)


def _phase(phase: Phase, plan: RehabPlan) -> str:
    parts = [f"Phase {phase.number} ({phase.weeks_low}-{phase.weeks_high} weeks): {phase.aim}."]
    for stream in STREAMS:
        names = [
            planned.exercise.name
            for planned in plan.activities
            if planned.stream == stream and planned.phase == phase.number
        ]
        parts.append(f"{stream.capitalize()}: {'; '.join(names)}.")
    parts.append(f"Done when: {'; '.join(phase.exit)}.")
    return " ".join(parts)


def _notes(plan: RehabPlan) -> list[dict[str, str]]:
    notes = [f"Drafted by the rules {plan.ruleset}; a clinician confirms or changes it."]
    if plan.missing_required:
        missing = ", ".join(plan.missing_required)
        notes.append(f"Drafted from an incomplete checklist. Not answered: {missing}.")
    return [{"text": note} for note in notes]
