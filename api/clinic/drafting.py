"""The `$plan` operation's reasoning: from one version of an Assessment to its plan.

Asking again for the same version gives the same plan. Nothing is drafted while the runner is
blocked, nor from an Assessment that is not finished.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.clinic.activities import PlanContext
from api.clinic.assessment import Reading, Reasoner
from api.clinic.end_state import EndState, content_of
from api.clinic.plan import PlanSource, care_plan, plan_goals, plan_id
from api.clinic.subjects import FINISHED, is_blocked
from api.clinic.twin_builders import Vocabulary, twins_of
from api.clinic.twins import twin_id
from api.fhir.outcome import Failure, FailureKind, Issue
from api.store.version import Change, StoredVersion
from domain.evaluation import Evaluation
from domain.rehab_plan import RehabPlan, draft


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What the caller of `$plan` asks for; `start` None is today, `author` a reference or None."""

    assessment: StoredVersion
    start: date | None
    author: str | None


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan: the one that was drafted before, or the changes that write a new one."""

    resource_id: str
    existing: StoredVersion | None
    changes: Sequence[Change]
    """The CarePlan first, then its Goals; empty when the plan exists."""


class Drafter:
    """Drafts plans for one tenant on the end state of a transaction."""

    def __init__(self, state: EndState, reasoner: Reasoner, tenant: int) -> None:
        self._state = state
        self._reasoner = reasoner
        self._tenant = tenant

    def draft(self, request: PlanRequest) -> PlanDraft:
        """Return the plan of this version; raises Failure(CONFLICT) while there cannot be one."""
        version = request.assessment
        source = f"Assessment/{version.resource_id}/_history/{version.version_id}"
        resource_id = plan_id(source, self._reasoner.canonical)
        existing = self._state.locked([("CarePlan", resource_id)]).get(("CarePlan", resource_id))
        if existing is not None and not existing.is_deleted:
            return PlanDraft(resource_id, existing, ())
        assessment = content_of(version) or {}
        self._refuse_unready(assessment)
        resources = self._resources(assessment, source, request)
        return PlanDraft(resource_id, None, self._changes(resources))

    def _refuse_unready(self, assessment: dict[str, Any]) -> None:
        status, evaluation = assessment["status"], assessment["evaluation"]
        if status not in FINISHED:
            message = f"No plan is drafted from an Assessment that is {status}."
            raise _conflict(message, "Assessment.status")
        if evaluation["planBlocked"]:
            rules = [flag["rule"] for flag in evaluation["redFlag"] if flag["blocks"]]
            message = f"No plan is drafted while {', '.join(rules)} blocks."
            raise _conflict(message, "Assessment.evaluation.planBlocked")
        if evaluation["ruleset"] != self._reasoner.knowledge.ruleset:
            message = "Evaluated by other rules than the present ones; write the Assessment again."
            raise _conflict(message, "Assessment.evaluation.ruleset")
        subject = self._state.subject_of(assessment)
        if subject is not None and is_blocked(self._state, subject, self._reasoner.time_zone):
            message = "No plan is drafted: a later Assessment of this runner blocks."
            raise _conflict(message, "Assessment.subject")

    def _resources(
        self, assessment: dict[str, Any], source: str, request: PlanRequest
    ) -> list[dict[str, Any]]:
        reasoner = self._reasoner
        taken = assessment["evaluation"].get("previousRunStatus")
        reading = reasoner.read(assessment).with_previous_run_status(taken)
        evaluation = reasoner.evaluate(reading)
        plan = self._plan(reading, evaluation, request.start or reasoner.now().date())
        canonical = reasoner.canonical
        twins = self._twins(evaluation, assessment["id"])
        context = PlanContext(plan_id(source, canonical), canonical, evaluation, twins)
        created = reasoner.now().isoformat()
        origin = PlanSource(assessment, source, request.author, created)
        resource = care_plan(plan, origin, context)
        return [resource, *plan_goals(plan, resource, canonical)]

    def _plan(self, reading: Reading, evaluation: Evaluation, start: date) -> RehabPlan:
        try:
            return draft(reading.answers, evaluation, self._reasoner.knowledge, start)
        except ValueError as error:
            issue = Issue("value", "A plan cannot start that late.", ("Parameters.parameter",))
            raise Failure(FailureKind.UNPROCESSABLE, issue) from error

    def _twins(self, evaluation: Evaluation, assessment_id: str) -> dict[str, list[str]]:
        """Return the references of the twins that exist with the Assessment, by their codes."""
        canonical = self._reasoner.canonical
        references: dict[str, list[str]] = defaultdict(list)
        for twin in twins_of(evaluation, Vocabulary(canonical, self._reasoner.knowledge)):
            resource_id = twin_id(canonical, self._tenant, assessment_id, twin)
            references[twin.cites_as].append(f"Observation/{resource_id}")
        return references

    def _changes(self, resources: list[dict[str, Any]]) -> list[Change]:
        keys = [(resource["resourceType"], resource["id"]) for resource in resources]
        stored = self._state.locked(keys)
        return [
            Change(*key, resource, stored.get(key), "PUT")
            for key, resource in zip(keys, resources, strict=True)
        ]


def _conflict(message: str, path: str) -> Failure:
    return Failure(FailureKind.CONFLICT, Issue("business-rule", message, (path,)))
