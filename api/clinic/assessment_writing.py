"""Assessments on their way into the store: evaluated in the order of time, with their twins."""

from collections.abc import Iterable
from typing import Any

from api.clinic.assessment import Reasoner
from api.clinic.end_state import EndState, content_of
from api.clinic.status import status_issues
from api.clinic.subjects import FINISHED, made_at, previous_run_status
from api.clinic.twin_builders import Twin, Vocabulary, twins_of
from api.clinic.twins import TwinWriter
from api.fhir.outcome import Failure, FailureKind
from api.store.version import Change


class AssessmentWriter:
    """Evaluates the Assessments of a transaction and brings their twins in line."""

    def __init__(self, state: EndState, reasoner: Reasoner, tenant: int) -> None:
        self._state = state
        self._reasoner = reasoner
        self._twins = TwinWriter(state, reasoner.canonical, tenant)

    def write(self) -> list[str]:
        """Write all of them; returns the subjects whose record this touches, sorted."""
        changes = self._state.changes_of("Assessment")
        subjects = self._subjects(changes)
        self._state.lock_subjects(subjects)
        for change in changes:
            self._prepare(change)
        # An earlier Assessment decides what a later one takes as the previous run status.
        for change in sorted(changes, key=self._made_at):
            self._twins.write(change, self._evaluate(change))
        return subjects

    def _subjects(self, changes: Iterable[Change]) -> list[str]:
        resources = (
            resource
            for change in changes
            for resource in (change.resource, content_of(change.previous))
        )
        found = {self._state.subject_of(resource) for resource in resources}
        return sorted(subject for subject in found if subject is not None)

    def _prepare(self, change: Change) -> None:
        """Check what an Assessment needs, and fill in when it was made."""
        if change.resource is None:
            return
        stored = content_of(change.previous)
        if issues := status_issues(change.resource, stored):
            raise Failure(FailureKind.UNPROCESSABLE, *issues)
        if "effectiveDateTime" not in change.resource:
            # Filled in once: sending the same again must not change what is stored.
            made = (stored or {}).get("effectiveDateTime", self._reasoner.now().isoformat())
            change.resource = change.resource | {"effectiveDateTime": made}

    def _made_at(self, change: Change) -> int:
        if change.resource is None:
            return 0
        return made_at(change.resource, self._reasoner.time_zone)

    def _evaluate(self, change: Change) -> list[Twin]:
        """Fill in the evaluation, and return the twins that the Assessment has now."""
        if change.resource is None:
            return []
        reading = self._reasoner.read(change.resource)
        reading = reading.with_previous_run_status(self._previous(change, change.resource))
        evaluation = self._reasoner.evaluate(reading)
        change.resource = self._reasoner.with_evaluation(change.resource, reading, evaluation)
        if change.resource["status"] not in FINISHED:
            return []
        vocabulary = Vocabulary(self._reasoner.canonical, self._reasoner.knowledge)
        return twins_of(evaluation, vocabulary)

    def _previous(self, change: Change, assessment: dict[str, Any]) -> str | None:
        subject = self._state.subject_of(assessment)
        if subject is None:
            return None
        return previous_run_status(self._state, subject, self._reasoner.time_zone, change.key)
