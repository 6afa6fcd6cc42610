"""The invariants of our plans, on every way in which a CarePlan can be written.

A plan is ours when it instantiates the two-stream definition; other CarePlans are left alone. A
plan starts as a draft, and nothing becomes active while the runner's latest assessment blocks.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from api.clinic.canonical import Canonical
from api.clinic.end_state import EndState, content_of
from api.clinic.plan_content import PlanRules
from api.clinic.planned_activity import has_status, planned_activities
from api.clinic.subjects import is_blocked
from api.fhir.outcome import Failure, FailureKind, Issue
from api.store.version import Change

# A plan that is struck out need not be a good one any more.
_STRUCK_OUT = "entered-in-error"


class PlanGate:
    """Judges the CarePlans that a client writes."""

    def __init__(self, state: EndState, rules: PlanRules, zone: ZoneInfo) -> None:
        self._state = state
        self._rules = rules
        self._zone = zone

    @property
    def _canonical(self) -> Canonical:
        return self._rules.canonical

    def check(self, change: Change) -> None:
        """Raise Failure(UNPROCESSABLE) with every invariant that this plan breaks."""
        plan, stored = change.resource, content_of(change.previous)
        if plan is None:
            return
        was_ours = stored is not None and self._canonical.is_two_stream(stored)
        if not self._canonical.is_two_stream(plan):
            if was_ours:
                message = "A two-stream plan stays one: keep its instantiatesCanonical."
                path = "CarePlan.instantiatesCanonical"
                self._refuse(Issue("business-rule", message, (path,)))
            return
        if plan.get("status") != _STRUCK_OUT:
            self._refuse(*self._issues(plan, stored if was_ours else None))

    def _issues(self, plan: Mapping[str, Any], stored: Mapping[str, Any] | None) -> Iterator[Issue]:
        if stored is None and plan.get("status") != "draft":
            message = "A two-stream plan is created as a draft; a clinician makes it active."
            yield Issue("business-rule", message, ("CarePlan.status",))
        yield from self._while_blocked(plan, stored)
        activities = planned_activities(plan, self._canonical)
        yield from self._rules.issues(plan, activities, self._state)

    def _while_blocked(
        self, plan: Mapping[str, Any], stored: Mapping[str, Any] | None
    ) -> Iterator[Issue]:
        subject = self._state.subject_of(plan)
        if subject is None or not is_blocked(self._state, subject, self._zone):
            return
        status = plan.get("status")
        if stored is None:
            yield _blocked("drafted", "CarePlan.status")
        elif status == "active" and not self._is_to_be_held(plan, stored):
            yield _blocked("activated or resumed", "CarePlan.status")
        elif status == "on-hold" and (path := has_status(plan, {"in-progress"})):
            yield _blocked("resumed", path)

    def _is_to_be_held(self, plan: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
        # A plan that was active before this transaction blocked its runner is put on hold by it.
        same = self._state.subject_of(plan) == self._state.subject_of(stored)
        return same and stored.get("status") == "active"

    @staticmethod
    def _refuse(*issues: Issue) -> None:
        if issues:
            raise Failure(FailureKind.UNPROCESSABLE, *issues)


def _blocked(what: str, path: str) -> Issue:
    message = (
        f"Nothing is {what} while the runner's latest assessment blocks: a red flag is open, or "
        "the danger-sign questions are not all answered."
    )
    return Issue("business-rule", message, (path,))
