"""The goals of a plan as Goal resources (specification E.7).

https://hl7.org/fhir/R4/goal.html

A goal is proposed while its plan is a draft. The runner's own clinical and performance goals are
taken over word for word.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from api.clinic.canonical import Canonical, quantity
from api.clinic.evaluation import number
from domain.findings import Finding
from domain.rehab_plan import GoalDraft

_SIDES = (".L", ".R")


def goal_resource(goal: GoalDraft, plan: Mapping[str, Any], canonical: Canonical) -> dict[str, Any]:
    """Return the Goal of a plan; its id follows from the plan's."""
    return {
        "resourceType": "Goal",
        "id": goal_id(goal, plan["id"], canonical),
        "lifecycleStatus": "proposed",
        "description": {"text": goal.text},
        "subject": plan["subject"],
        "startDate": plan["period"]["start"],
        **_target(goal, canonical),
    }


def goal_id(goal: GoalDraft, plan_id: str, canonical: Canonical) -> str:
    """Return the id of a plan's goal, the same whenever the plan is asked for."""
    return canonical.stable_id(f"CarePlan/{plan_id}|goal|{goal.code}")


def _target(goal: GoalDraft, canonical: Canonical) -> dict[str, Any]:
    target: dict[str, Any] = {}
    if goal.measure is not None:
        code = without_side(goal.measure)
        target["measure"] = {"coding": [canonical.coding("runner-spine", code)]}
    if goal.measure is not None and goal.target is not None:
        detail = quantity(number(goal.target), goal.unit or "1")
        target["detailQuantity"] = detail | {"comparator": goal.comparator or ">="}
    if goal.due is not None:
        target["dueDate"] = goal.due.isoformat()
    return {"target": [target]} if target else {}


def served_goals(cited: Sequence[Finding], goals: Sequence[GoalDraft]) -> list[GoalDraft]:
    """Return the goals that an exercise serves: those that measure what its findings came from.

    An exercise that serves no measure serves what the runner said in words.
    """
    basis = {without_side(link_id) for finding in cited for link_id in finding.basis}
    measured = [goal for goal in goals if goal.measure and without_side(goal.measure) in basis]
    return measured or [goal for goal in goals if goal.measure is None]


def without_side(link_id: str) -> str:
    """Return a linkId without its side, which is the local code of the question."""
    return link_id[:-2] if link_id.endswith(_SIDES) else link_id
