"""What happens to plans when their runner becomes blocked: they go on hold, nothing is removed."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from api.clinic.canonical import Canonical
from api.clinic.end_state import EndState
from api.clinic.subjects import is_blocked

_UNDER_WAY = frozenset({"not-started", "scheduled", "in-progress"})


def hold_plans(
    state: EndState, subjects: Iterable[str], canonical: Canonical, zone: ZoneInfo
) -> None:
    """Put our active plans of blocked runners on hold, with all that is still to be done in them.

    Resuming is the clinician's ordinary update, once the runner is not blocked any more.
    """
    for subject in subjects:
        if is_blocked(state, subject, zone):
            for key, plan in state.of_subject("CarePlan", subject).items():
                if canonical.is_two_stream(plan) and plan.get("status") == "active":
                    state.put(key, _held(plan))


def _held(plan: dict[str, Any]) -> dict[str, Any]:
    activities = [_held_activity(activity) for activity in plan.get("activity", ())]
    return plan | {"status": "on-hold", "activity": activities}


def _held_activity(activity: dict[str, Any]) -> dict[str, Any]:
    detail = activity.get("detail")
    if detail is None or detail.get("status") not in _UNDER_WAY:
        return activity
    return activity | {"detail": detail | {"status": "on-hold"}}
