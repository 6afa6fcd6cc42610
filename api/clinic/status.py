"""How an Assessment may come to be stored: what it needs, and from which status to which.

An evaluation is a record once it is completed. It may be amended or struck out as an error, and it
never becomes unfinished again, because plans and twins were built on it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from api.fhir.outcome import Issue

_FULL_DATE = len("2026-11-22")
_WAS_FINISHED = frozenset({"completed", "amended", "entered-in-error"})
_NEEDED: Mapping[str, str] = {
    "status": "A stored Assessment needs a status: in-progress, completed, amended or "
    "entered-in-error.",
    "subject": "A stored Assessment needs its subject, a reference to the Patient.",
}


def status_issues(assessment: Mapping[str, Any], stored: Mapping[str, Any] | None) -> list[Issue]:
    """Return what keeps this Assessment from being stored over what is stored."""
    issues = [
        Issue("required", message, (f"Assessment.{element}",))
        for element, message in _NEEDED.items()
        if element not in assessment
    ]
    issues += effective_issues(assessment)
    before = (stored or {}).get("status")
    if before in _WAS_FINISHED and assessment.get("status") == "in-progress":
        message = f"An Assessment that was {before} never returns to in-progress; amend it."
        issues.append(Issue("business-rule", message, ("Assessment.status",)))
    return issues


def effective_issues(assessment: Mapping[str, Any]) -> list[Issue]:
    """Return what is wrong with the date of an Assessment, when it has one.

    A year or a month alone will not do: the rules count weeks from the onset of symptoms.
    """
    effective = assessment.get("effectiveDateTime")
    if effective is None:
        return []
    try:
        date.fromisoformat(effective[:_FULL_DATE])
    except ValueError:
        message = "The day of the assessment is needed: a date of the calendar, year-month-day."
        return [Issue("value", message, ("Assessment.effectiveDateTime",))]
    return []
