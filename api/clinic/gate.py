"""The one gate between a client's changes and the store: what the clinic adds, fills in, refuses.

`expand` is called once for each transaction, with every change of the client on its end state. It
evaluates Assessments, writes their twins, holds plans to their invariants and puts plans on hold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from api.clinic.assessment import Reasoner
from api.clinic.assessment_writing import AssessmentWriter
from api.clinic.canonical import Canonical
from api.clinic.drafting import Drafter, PlanDraft, PlanRequest
from api.clinic.end_state import EndState, content_of
from api.clinic.holds import hold_plans
from api.clinic.invariants import PlanGate
from api.clinic.plan_content import PlanRules
from api.clinic.twins import RESOURCE_TYPES, is_twin, refuse_writes
from api.fhir.search_query import SearchOptions
from api.store.session import Transaction
from api.store.version import Change, StoredVersion
from domain.checklist import checklist
from domain.knowledge import Knowledge

_CONCERNS_THE_CLINIC = frozenset({"Assessment", "CarePlan", "Observation"})


@dataclass(frozen=True)
class Clinic:
    """The clinic of one server: its knowledge, its time zone and its clock.

    `clock` gives microseconds since 1970; `base_url` is the server's own FHIR base, by which
    absolute references to its own resources are known.
    """

    knowledge: Knowledge
    time_zone: ZoneInfo
    clock: Callable[[], int]
    canonical: Canonical = field(default_factory=Canonical)
    base_url: str = ""
    tenant: int = 1

    def evaluate(self, assessment: dict[str, Any]) -> dict[str, Any]:
        """Return the Assessment with its evaluation, `$evaluate`: nothing is stored or looked up.

        Raises Failure(UNPROCESSABLE) with every answer that cannot be accepted.
        """
        reasoner = self._reasoner()
        reading = reasoner.read(assessment)
        return reasoner.with_evaluation(assessment, reading, reasoner.evaluate(reading))

    def expand(self, transaction: Transaction, changes: Sequence[Change]) -> list[Change]:
        """Return the changes to write: the client's, filled in, and then the server's own.

        Raises Failure: CONFLICT for a write to a twin, UNPROCESSABLE for an answer that cannot be
        accepted, a step that an Assessment cannot take, or a broken invariant of a plan.
        """
        if not any(change.resource_type in _CONCERNS_THE_CLINIC for change in changes):
            return list(changes)
        refuse_writes(changes, self.canonical)
        state = self._state(transaction, changes)
        subjects = AssessmentWriter(state, self._reasoner(), self.tenant).write()
        plans = state.changes_of("CarePlan")
        state.lock_subjects(self._subjects_of(plans, state))
        gate = PlanGate(state, self._plan_rules(), self.time_zone)
        for change in plans:
            gate.check(change)
        hold_plans(state, subjects, self.canonical, self.time_zone)
        return state.changes

    def draft_plan(self, transaction: Transaction, request: PlanRequest) -> PlanDraft:
        """Return the plan of one version of an Assessment, `$plan`.

        Raises Failure(CONFLICT) while the runner is blocked or the Assessment is not finished.
        """
        state = self._state(transaction, ())
        return Drafter(state, self._reasoner(), self.tenant).draft(request)

    def is_own_twin(self, version: StoredVersion) -> bool:
        """Whether a version is of a twin, which keeps nothing from deletion."""
        if version.resource_type not in RESOURCE_TYPES:
            return False
        return is_twin(content_of(version), self.canonical)

    def _subjects_of(self, plans: Sequence[Change], state: EndState) -> list[str]:
        own = [
            plan for plan in plans if plan.resource and self.canonical.is_two_stream(plan.resource)
        ]
        subjects = (state.subject_of(plan.resource) for plan in own)
        return [subject for subject in subjects if subject is not None]

    def _reasoner(self) -> Reasoner:
        return Reasoner(self.knowledge, checklist(), self.canonical, self.time_zone, self.clock)

    def _plan_rules(self) -> PlanRules:
        return PlanRules(self.knowledge, self.canonical, self.base_url)

    def _state(self, transaction: Transaction, changes: Sequence[Change]) -> EndState:
        options = SearchOptions(
            lenient=False,
            time_zone=self.time_zone,
            base_url=self.base_url,
            now=self.clock(),
        )
        return EndState(transaction, changes, options)
