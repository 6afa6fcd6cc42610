"""An Assessment in, the same Assessment with its evaluation out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.clinic.answers import read_answers
from api.clinic.canonical import Canonical
from api.clinic.dispositions import read_dispositions
from api.clinic.evaluation import evaluation_element
from api.clinic.status import effective_issues
from api.fhir.outcome import Failure, FailureKind
from domain.answers import Answers
from domain.checklist import Checklist
from domain.evaluation import Evaluation, evaluate
from domain.knowledge import Knowledge
from domain.red_flags import Disposition

PREVIOUS_RUN_STATUS = "sx.previous-run-status"
_FULL_DATE = len("2026-11-22")
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What an Assessment says, in the domain's own words."""

    answers: Answers
    dispositions: tuple[Disposition, ...]

    @property
    def previous_run_status(self) -> str | None:
        """The run status at the last review, if it was answered."""
        return self.answers.choice(PREVIOUS_RUN_STATUS)

    def with_previous_run_status(self, status: str | None) -> "Reading":
        """Return this reading with that question answered from the record."""
        if status is None or self.previous_run_status is not None:
            return self
        values = {**self.answers.values, PREVIOUS_RUN_STATUS: status}
        return Reading(Answers(values), self.dispositions)


@dataclass(frozen=True, slots=True)
class Reasoner:
    """Reads Assessments and evaluates them by the clinic's rules."""

    knowledge: Knowledge
    checklist: Checklist
    canonical: Canonical
    time_zone: ZoneInfo
    clock: Callable[[], int]

    def read(self, assessment: dict[str, Any]) -> Reading:
        """Read answers and dispositions; raises Failure(UNPROCESSABLE) with all that is wrong."""
        if issues := effective_issues(assessment):
            raise Failure(FailureKind.UNPROCESSABLE, *issues)
        assessed_on = self._assessed_on(assessment)
        answers, issues = read_answers(assessment, self.checklist, self.canonical, assessed_on)
        dispositions, wrong = read_dispositions(assessment, self.knowledge.red_flags)
        if issues or wrong:
            raise Failure(FailureKind.UNPROCESSABLE, *issues, *wrong)
        return Reading(answers, tuple(dispositions))

    def evaluate(self, reading: Reading) -> Evaluation:
        """Evaluate what was read."""
        return evaluate(reading.answers, reading.dispositions, self.knowledge)

    def with_evaluation(
        self, assessment: dict[str, Any], reading: Reading, evaluation: Evaluation
    ) -> dict[str, Any]:
        """Return the Assessment with its evaluation; what a client sent there is replaced."""
        element = evaluation_element(evaluation, self.knowledge, reading.previous_run_status)
        return assessment | {"evaluation": element}

    def now(self) -> datetime:
        """Return the present in the clinic's time zone, to the second."""
        seconds = self.clock() // _MICROSECONDS
        return datetime.fromtimestamp(seconds, tz=UTC).astimezone(self.time_zone)

    def _assessed_on(self, assessment: dict[str, Any]) -> date:
        effective = assessment.get("effectiveDateTime")
        return date.fromisoformat(effective[:_FULL_DATE]) if effective else self.now().date()
