"""The dose of an exercise: our extension `exercise-dosage`, and the Timing that plain FHIR reads.

https://hl7.org/fhir/R4/datatypes.html#Timing has no room for sets or holds; those stand in the
extension, beside the stream and the phase that the exercise belongs to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.clinic.canonical import Canonical, quantity
from domain.exercises import Dose, Range
from domain.rehab_plan import PlannedExercise

DOSAGE = "exercise-dosage"
_UNITS: Mapping[str, str] = {"holdSeconds": "s", "perWeek": "/wk"}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an activity stands in a plan: its stream and phase, None when they are not said."""

    stream: str | None
    phase: int | None


def dosage_extension(planned: PlannedExercise, canonical: Canonical) -> dict[str, Any]:
    """Return the extension of a planned exercise."""
    dose = planned.exercise.dose
    ranges = {
        "sets": dose.sets,
        "repetitions": dose.repetitions,
        "holdSeconds": dose.hold_seconds,
        "perWeek": dose.per_week,
    }
    parts: list[dict[str, Any]] = [
        {"url": "stream", "valueCode": planned.stream},
        {"url": "phase", "valuePositiveInt": planned.phase},
    ]
    parts += [
        {"url": name, "valueRange": _range(limits, _UNITS.get(name))}
        for name, limits in ranges.items()
        if limits is not None
    ]
    if planned.side is not None:
        parts.append({"url": "side", "valueCode": planned.side})
    return {"url": canonical.extension(DOSAGE), "extension": parts}


def timing(dose: Dose) -> dict[str, Any]:
    """Return the Timing: times a week where the dose says it, else the dose in words."""
    if dose.per_week is None:
        return {"code": {"text": dose.text}}
    repeat: dict[str, Any] = {"frequency": dose.per_week.low, "period": 1, "periodUnit": "wk"}
    if dose.per_week.high > dose.per_week.low:
        repeat["frequencyMax"] = dose.per_week.high
    return {"repeat": repeat, "code": {"text": dose.text}}


def placement(detail: Mapping[str, Any], canonical: Canonical) -> Placement | None:
    """Return the stream and phase of an activity's detail; None when it is no exercise of ours."""
    for extension in detail.get("extension", ()):
        if extension.get("url") == canonical.extension(DOSAGE):
            parts = extension.get("extension", ())
            return Placement(_part(parts, "stream", "Code"), _part(parts, "phase", "PositiveInt"))
    return None


def _part(parts: Iterable[Mapping[str, Any]], url: str, kind: str) -> Any:
    return next((part.get(f"value{kind}") for part in parts if part.get("url") == url), None)


def _range(limits: Range, unit: str | None) -> dict[str, Any]:
    low, high = limits.low, limits.high
    if unit is None:
        return {"low": {"value": low}, "high": {"value": high}}
    return {"low": quantity(low, unit), "high": quantity(high, unit)}
