"""The plan that a clinician is offered: both streams by phase, advice, goals (specification E).

Nothing is drafted while a red flag blocks, and nothing starts before a clinician accepts it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from domain.answers import Answers
from domain.education import topic_text
from domain.evaluation import Evaluation
from domain.exercises import ALWAYS, RUNNING, Exercise
from domain.findings import SIDE_NAMES
from domain.goals import GoalDraft, goals
from domain.knowledge.records import Knowledge, PhaseRule, SelfManagementRule, Wording
from domain.presentation import present_case
from domain.run_status import PAUSE, was_paused
from domain.situation import Situation
from domain.streams import (
    PAIRING,
    REFERRED_TRIGGER,
    STREAMS,
    STRETCH,
    Selected,
    select,
)
from domain.streams import (
    Phase as PhaseStreams,
)

__all__ = [
    "GoalDraft",
    "Instruction",
    "Phase",
    "PlannedExercise",
    "RehabPlan",
    "SelfManagement",
    "draft",
]

RUN_STATUS = "run-status"  # what an exercise cites when the run status put it there
NERVE = "P-NERVE"
LATEST_START = date(9990, 1, 1)  # dates end with the year 9999
DEGRADATION = "F-DEGRADE"


@dataclass(frozen=True, slots=True)
class Phase:
    """One of the three phases; `ends` counts the longest usual duration."""

    number: int
    name: str
    aim: str
    entry: str
    exit: tuple[str, ...]
    weeks_low: int
    weeks_high: int
    starts: date
    ends: date


@dataclass(frozen=True, slots=True)
class PlannedExercise:
    """An exercise in a phase, what put it there, and what it cites.

    `triggers` are all codes that are met (FS-..., RUNNING, ALWAYS and K-05 included); `cites` are
    the finding, pattern and contributor codes, or "run-status", behind them: ALWAYS and RUNNING
    have nothing to cite.
    """

    exercise: Exercise
    stream: str
    phase: int
    triggers: tuple[str, ...]
    cites: tuple[str, ...]
    side: str | None  # left, right or both, for an exercise that is done per side


@dataclass(frozen=True, slots=True)
class Instruction:
    """A run modification or an education topic, with its text."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class SelfManagement:
    """What always stands in a plan (E.7): home programme, flare plan, ladder, stop rules."""

    ladder_level: str
    ladder: tuple[Instruction, ...]
    stop_rules: tuple[str, ...]
    blocks: tuple[str, ...]
    weekly_report: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RehabPlan:
    """A draft for the clinician to confirm."""

    ruleset: str
    phases: tuple[Phase, ...]
    activities: tuple[PlannedExercise, ...]
    run_status: str
    run_modifications: tuple[Instruction, ...]
    single_run_cap_km: Decimal | None
    education: tuple[Instruction, ...]
    goals: tuple[GoalDraft, ...]
    review_on: date
    missing_required: tuple[str, ...]
    self_management: SelfManagement


def draft(answers: Answers, evaluation: Evaluation, knowledge: Knowledge, start: date) -> RehabPlan:
    """Draft the plan of an evaluation that was made of the same answers.

    Raises:
        ValueError: a red flag blocks, or the plan would outlast the calendar.

    """
    if evaluation.plan_blocked:
        raise ValueError("No plan can be drafted while a red flag blocks.")
    if start > LATEST_START:
        raise ValueError(f"No plan can be drafted to start after {LATEST_START}.")
    now = _situation(answers, evaluation, knowledge)
    phases = tuple(_phases(knowledge.phases, start))
    ends = {phase.number: phase.ends for phase in phases}
    return RehabPlan(
        ruleset=evaluation.ruleset,
        phases=phases,
        activities=_activities(now, select(now, knowledge)),
        run_status=evaluation.run_status.status,
        run_modifications=tuple(_modifications(evaluation, knowledge.run_modifications)),
        single_run_cap_km=evaluation.single_run_cap_km,
        education=tuple(
            Instruction(topic, topic_text(knowledge.education[topic], answers))
            for topic in evaluation.education
        ),
        goals=goals(now.case, knowledge.goals, ends),
        review_on=start + timedelta(days=evaluation.review_within_days),
        missing_required=evaluation.missing_required,
        self_management=_self_management(knowledge.self_management, now),
    )


def _situation(answers: Answers, evaluation: Evaluation, knowledge: Knowledge) -> Situation:
    return Situation(
        case=present_case(answers, knowledge.thresholds),
        flags=evaluation.red_flags,
        status=evaluation.run_status.status,
        hypotheses=evaluation.hypotheses,
        contributors=tuple(each.contributor for each in evaluation.contributors),
    )


def _phases(rules: Mapping[int, PhaseRule], start: date) -> Iterator[Phase]:
    starts = start
    for rule in rules.values():
        ends = starts + timedelta(weeks=rule.weeks.high)
        yield Phase(
            number=rule.number,
            name=rule.name,
            aim=rule.aim,
            entry=rule.entry,
            exit=rule.exit,
            weeks_low=rule.weeks.low,
            weeks_high=rule.weeks.high,
            starts=starts,
            ends=ends,
        )
        starts = ends


def _activities(now: Situation, streams: Mapping[int, PhaseStreams]) -> tuple[PlannedExercise, ...]:
    return tuple(
        _planned(selected, phase, now, chosen)
        for phase, chosen in streams.items()
        for stream in STREAMS
        for selected in chosen[stream]
    )


def _planned(
    selected: Selected, phase: int, now: Situation, streams: PhaseStreams
) -> PlannedExercise:
    triggers = selected.triggers
    if triggers == (PAIRING,):
        stretch = (each for each in streams["mobility"] if each.exercise.id == STRETCH)
        triggers = next((each.triggers for each in stretch), ())
    return PlannedExercise(
        exercise=selected.exercise,
        stream=selected.exercise.stream,
        phase=phase,
        triggers=selected.triggers,
        cites=_cited(triggers, now),
        side=_side(selected.exercise, triggers, now),
    )


def _cited(triggers: tuple[str, ...], now: Situation) -> tuple[str, ...]:
    """Return what stands behind the triggers, each once."""
    named = (code for code in triggers if code not in (ALWAYS, RUNNING))
    return tuple(dict.fromkeys(_behind(code, now) for code in named))


def _behind(trigger: str, now: Situation) -> str:
    """Return the code that a trigger cites.

    The first sign lost (FS-...) cites the degradation finding. Referred leg symptoms cite the
    nerve pattern, or the run status that they decide when that pattern is not listed.
    """
    if trigger.startswith("FS-"):
        return DEGRADATION
    if trigger == REFERRED_TRIGGER:
        listed = any(each.pattern == NERVE for each in now.hypotheses)
        return NERVE if listed else RUN_STATUS
    return trigger


def _side(exercise: Exercise, triggers: tuple[str, ...], now: Situation) -> str | None:
    """Return the side that the findings name, both when they name both or none."""
    if not exercise.dose.per_side:
        return None
    sides = {side for code in triggers for side in now.case.sides(code)}
    return SIDE_NAMES[sides.pop()] if len(sides) == 1 else "both"


def _modifications(evaluation: Evaluation, texts: Mapping[str, Wording]) -> Iterator[Instruction]:
    for code in evaluation.run_modifications:
        cap = evaluation.single_run_cap_km if code == "RM01" else None
        limit = "" if cap is None else f": at most {cap} km"
        yield Instruction(code, f"{texts[code].text}{limit}")


def _self_management(rule: SelfManagementRule, now: Situation) -> SelfManagement:
    level = _ladder_entry(rule, now)
    return SelfManagement(
        ladder_level=level,
        ladder=tuple(Instruction(each.id, each.text) for each in rule.ladder),
        stop_rules=(rule.ladder_rule, *(each.text for each in rule.stop_rules)),
        blocks=tuple(each.text for each in rule.blocks),
        weekly_report=tuple(each.text for each in rule.weekly_report),
    )


def _ladder_entry(rule: SelfManagementRule, now: Situation) -> str:
    """Return the level to start at: L0 while paused, L1 after a pause, which wins over the rest."""
    returning = now.status != PAUSE and was_paused(now.answers)
    return rule.ladder_entry["after-pause" if returning else now.status]
