"""The whole evaluation of one checklist: sections B to E of the specification in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.answers import Answers
from domain.completeness import missing_required
from domain.contributors import Contributor, contributors
from domain.education import WHILE_BLOCKED, education
from domain.findings import Finding
from domain.knowledge.records import Knowledge
from domain.patterns import (
    NONSPECIFIC,
    Hypothesis,
    InsufficientData,
    hypotheses,
    insufficient,
)
from domain.presentation import Presentation, present_case
from domain.red_flags import Disposition, RedFlag, red_flags
from domain.run_modifications import run_modifications, single_run_cap, while_blocked
from domain.run_status import PAUSE, RunStatus, run_status
from domain.situation import Situation
from domain.streams import select
from domain.when_to_see import WhenToSee, when_to_see


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything the rules say about one checklist.

    While a red flag blocks, hypotheses, contributors, insufficient data, streams and the cap are
    empty; findings, red flags, when-to-see and the run status are still given.
    """

    ruleset: str
    complete: bool
    missing_required: tuple[str, ...]
    red_flags: tuple[RedFlag, ...]
    plan_blocked: bool
    when_to_see: tuple[WhenToSee, ...]
    findings: tuple[Finding, ...]
    hypotheses: tuple[Hypothesis, ...]
    hypotheses_suppressed: bool
    fallback: str | None
    insufficient_data: tuple[InsufficientData, ...]
    contributors: tuple[Contributor, ...]
    subtype: str | None  # of the leg symptoms: radicular, referred or None
    run_status: RunStatus
    run_modifications: tuple[str, ...]
    single_run_cap_km: Decimal | None
    review_within_days: int
    streams: Mapping[int, Mapping[str, tuple[str, ...]]]  # phase 1..3, "mobility" | "control"
    education: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What hangs on whether a red flag blocks."""

    hypotheses: tuple[Hypothesis, ...]
    fallback: str | None
    insufficient_data: tuple[InsufficientData, ...]
    contributors: tuple[Contributor, ...]
    run_modifications: tuple[str, ...]
    single_run_cap_km: Decimal | None
    streams: Mapping[int, Mapping[str, tuple[str, ...]]]
    education: tuple[str, ...]


def evaluate(
    answers: Answers, dispositions: Sequence[Disposition], knowledge: Knowledge
) -> Evaluation:
    """Evaluate a checklist; unanswered questions never count as yes.

    The answers are taken as checked (`domain.checklist.problems`). The run status at the last
    review is the answer to sx.previous-run-status.
    """
    case = present_case(answers, knowledge.thresholds)
    flags = red_flags(answers, dispositions, knowledge.red_flags, knowledge.thresholds)
    blocked = any(flag.blocks for flag in flags)
    status = run_status(case, flags, knowledge.run_status)
    judged = _blocked(flags) if blocked else _open(case, flags, status.status, knowledge)
    missing = missing_required(answers, paused=status.status == PAUSE)
    return Evaluation(
        ruleset=knowledge.ruleset,
        complete=not missing,
        missing_required=missing,
        red_flags=flags,
        plan_blocked=blocked,
        when_to_see=when_to_see(answers, knowledge.when_to_see, knowledge.thresholds),
        findings=tuple(case.findings.values()),
        hypotheses=judged.hypotheses,
        hypotheses_suppressed=blocked,
        fallback=judged.fallback,
        insufficient_data=judged.insufficient_data,
        contributors=judged.contributors,
        subtype=case.subtype,
        run_status=status,
        run_modifications=judged.run_modifications,
        single_run_cap_km=judged.single_run_cap_km,
        review_within_days=knowledge.review_within_days["blocked" if blocked else status.status],
        streams=judged.streams,
        education=judged.education,
    )


def _blocked(flags: Sequence[RedFlag]) -> _Judgement:
    return _Judgement(
        hypotheses=(),
        fallback=None,
        insufficient_data=(),
        contributors=(),
        run_modifications=while_blocked(flags),
        single_run_cap_km=None,
        streams={},
        education=WHILE_BLOCKED,
    )


def _open(
    case: Presentation, flags: tuple[RedFlag, ...], status: str, knowledge: Knowledge
) -> _Judgement:
    listed = hypotheses(knowledge.patterns, case)
    mechanisms = contributors(knowledge.contributors, case)
    codes = tuple(each.contributor for each in mechanisms)
    cap = single_run_cap(case.answers, case.thresholds)
    now = Situation(case, flags, status, listed, codes)
    return _Judgement(
        hypotheses=listed,
        fallback=None if listed else NONSPECIFIC,
        insufficient_data=insufficient(knowledge.patterns, case),
        contributors=mechanisms,
        run_modifications=run_modifications(now, cap),
        single_run_cap_km=None if status == PAUSE else cap.kilometres,
        streams=_ids(now, knowledge),
        education=education(tuple(knowledge.education), now),
    )


def _ids(now: Situation, knowledge: Knowledge) -> dict[int, dict[str, tuple[str, ...]]]:
    return {
        phase: {
            stream: tuple(selected.exercise.id for selected in chosen)
            for stream, chosen in streams.items()
        }
        for phase, streams in select(now, knowledge).items()
    }
