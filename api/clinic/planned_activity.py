"""An activity of a two-stream CarePlan, read back for the rules that it has to keep."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.clinic.canonical import Canonical
from api.clinic.dosage import placement

# An activity in one of these states asks nothing of the runner any more.
_STRUCK_OUT = frozenset({"cancelled", "stopped", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class PlannedActivity:
    """An exercise of a plan: where it stands, and what it cites."""

    path: str
    exercise: str | None
    """The code of the exercise library, None when the clinician wrote an exercise of their own."""
    stream: str | None
    phase: int | None
    cites: tuple[dict[str, Any], ...]


def planned_activities(plan: Mapping[str, Any], canonical: Canonical) -> list[PlannedActivity]:
    """Return the exercises of a plan that are not struck out; advice and reviews are none."""
    return list(_planned_activities(plan, canonical))


def _planned_activities(plan: Mapping[str, Any], canonical: Canonical) -> Iterator[PlannedActivity]:
    for index, activity in enumerate(plan.get("activity", ())):
        detail = activity.get("detail", {})
        placed = placement(detail, canonical)
        code = _exercise_code(detail, canonical)
        if detail.get("status") in _STRUCK_OUT or (placed is None and code is None):
            continue
        yield PlannedActivity(
            path=f"CarePlan.activity[{index}].detail",
            exercise=code,
            stream=placed.stream if placed else None,
            phase=placed.phase if placed else None,
            cites=tuple(detail.get("reasonReference", ())),
        )


def _exercise_code(detail: Mapping[str, Any], canonical: Canonical) -> str | None:
    system = canonical.code_system("rs-exercise")
    codings = detail.get("code", {}).get("coding", ())
    return next((coding.get("code") for coding in codings if coding.get("system") == system), None)


def has_status(plan: Mapping[str, Any], statuses: Container[str]) -> str | None:
    """Return the path of the first activity in one of these states, None when there is none."""
    for index, activity in enumerate(plan.get("activity", ())):
        if activity.get("detail", {}).get("status") in statuses:
            return f"CarePlan.activity[{index}].detail.status"
    return None
