"""A runner's finished assessments in the order of time, and whether the latest one blocks.

An assessment counts once it is completed or amended. The one that was made last decides, whenever
it was entered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

from api.clinic.end_state import EndState
from api.fhir.dates import parse_interval
from api.store.version import ResourceKey

FINISHED = frozenset({"completed", "amended"})


@dataclass(frozen=True, slots=True)
class MadeAssessment:
    """An Assessment and when it was made, in microseconds since 1970."""

    key: ResourceKey
    made_at: int
    resource: Mapping[str, Any]

    @property
    def is_finished(self) -> bool:
        """Whether it counts: completed or amended."""
        return self.resource.get("status") in FINISHED

    @property
    def blocks(self) -> bool:
        """Whether its evaluation blocks a plan."""
        return bool(self.resource.get("evaluation", {}).get("planBlocked"))

    @property
    def run_status(self) -> str | None:
        """The run status that it came to."""
        status = self.resource.get("evaluation", {}).get("runStatus", {}).get("status")
        return status if isinstance(status, str) else None


def made_at(assessment: Mapping[str, Any], zone: ZoneInfo) -> int:
    """Return when an Assessment was made: the first microsecond of its effective date or time."""
    return parse_interval(assessment["effectiveDateTime"], zone).low


def assessments_of(state: EndState, subject: str, zone: ZoneInfo) -> list[MadeAssessment]:
    """Return the subject's assessments in the order of time; on a tie, in the order of arrival."""
    found = [
        MadeAssessment(key, made_at(resource, zone), resource)
        for key, resource in state.of_subject("Assessment", subject).items()
        if "effectiveDateTime" in resource
    ]
    return sorted(found, key=lambda assessment: assessment.made_at)


def is_blocked(state: EndState, subject: str, zone: ZoneInfo) -> bool:
    """Whether the subject's latest finished assessment blocks."""
    finished = [made for made in assessments_of(state, subject, zone) if made.is_finished]
    return bool(finished) and finished[-1].blocks


def previous_run_status(
    state: EndState, subject: str, zone: ZoneInfo, own: ResourceKey
) -> str | None:
    """Return the run status of the latest finished assessment before this one of the subject."""
    earlier = takewhile(lambda made: made.key != own, assessments_of(state, subject, zone))
    finished = [made for made in earlier if made.is_finished]
    return finished[-1].run_status if finished else None
