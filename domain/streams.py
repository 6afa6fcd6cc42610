"""The two streams: which exercises a plan would hold in each phase, and why (E.2, C.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.answers import Answers
from domain.exercises import ALWAYS, RUNNING, Exercise
from domain.knowledge.records import Knowledge
from domain.leg_symptoms import RADICULAR, REFERRED, has_leg_symptoms
from domain.run_status import PAUSE
from domain.situation import Situation

STREAMS = ("mobility", "control")
PHASES = (1, 2, 3)
LAST_PHASE = 3
REFERRED_TRIGGER = "P-NERVE-REFERRED"

# K-05: the hip-flexor stretch goes with an active hip exercise in the same phase.
PAIRING = "K-05"
STRETCH = "MX01"
ACTIVE_HIP = ("MX08", "CX07", "CX13", "CX18")
ACTIVE_HIP_DEFAULT = "MX08"


@dataclass(frozen=True, slots=True)
class Selected:
    """An exercise in a phase's stream, with the triggers that put it there."""

    exercise: Exercise
    triggers: tuple[str, ...]

    @property
    def sort_key(self) -> tuple[int, bool, str]:
        """Priority, then specific before ALWAYS, then id."""
        return self.exercise.priority, self.triggers == (ALWAYS,), self.exercise.id


Phase = Mapping[str, tuple[Selected, ...]]


def met_triggers(now: Situation) -> frozenset[str]:
    """Return every trigger that is met, but for RUNNING, which hangs on the phase.

    A pattern needs band moderate or strong, a contributor to be listed, P-NERVE-REFERRED the
    referred subtype whether or not P-NERVE is listed.
    """
    likely = {each.pattern for each in now.hypotheses if now.is_likely(each.pattern)}
    referred = {REFERRED_TRIGGER} if now.case.subtype == REFERRED else set()
    met = {ALWAYS, *now.case.findings, *likely, *now.contributors}
    return frozenset(met | referred | first_sign(now.answers))


def first_sign(answers: Answers) -> set[str]:
    """FS-...: the first element lost, when degradation was observed (S-067)."""
    sign = answers.choice("ga.degradation-first-sign")
    if sign is None or not answers.says_yes("ga.degradation-observed"):
        return set()
    return {f"FS-{sign.upper()}"}


def excluded(now: Situation, phase: int) -> frozenset[str]:
    """Return the exercises that the coded exclusions leave out of a phase (E.2)."""
    rules = {
        "MX01": _numb(now),
        "MX02": phase == 1 and _extension_hurts(now),
        "MX03": now.case.subtype == RADICULAR or _stretched_for_months(now),
        "MX04": _stretched_for_months(now),
        "MX06": _twisting_hurts(now),
        "CX03": phase == 2 and _extension_hurts(now),  # noqa: PLR2004 - phase 2 by name
        "CX12": any(flag.rule in ("RF-BSI", "RF-BSI-AMBER") and flag.is_open for flag in now.flags),
    }
    return frozenset(code for code, out in rules.items() if out)


def _numb(now: Situation) -> bool:
    return now.answers.includes("sx.leg-quality", "numbness")


def _stretched_for_months(now: Situation) -> bool:
    """Leg symptoms that months of stretching have not lessened (S-052)."""
    limit = now.case.thresholds["stretching-months"]
    answers = now.answers
    months = answers.is_number("hx.stretching-months", lambda months: months >= limit)
    return months and has_leg_symptoms(answers)


def _extension_hurts(now: Situation) -> bool:
    limit = now.case.thresholds["extension-pain-excludes"]
    answers = now.answers
    hurts = answers.is_number("sx.pain-now", lambda pain: pain >= limit)
    return hurts and answers.says_yes("sx.extension-provokes")


def _twisting_hurts(now: Situation) -> bool:
    limit = now.case.thresholds["twist-pain-excludes"]
    answers = now.answers
    hurts = answers.is_number("sx.pain-now", lambda pain: pain >= limit)
    return hurts and answers.says_yes("sx.twist-provokes")


def select(now: Situation, knowledge: Knowledge) -> dict[int, Phase]:
    """Return both streams of every phase, in order, cut at the phase's cap and paired."""
    met = met_triggers(now)
    return {phase: _phase(phase, now, met, knowledge) for phase in PHASES}


def _phase(phase: int, now: Situation, met: frozenset[str], knowledge: Knowledge) -> Phase:
    running = phase == LAST_PHASE or now.status != PAUSE
    triggers = met | {RUNNING} if running else met
    out = excluded(now, phase)
    library = [
        exercise
        for exercise in knowledge.exercises.values()
        if phase in exercise.phases and exercise.id not in out
    ]
    eligible = sorted(_eligible(library, triggers), key=lambda selected: selected.sort_key)
    cap = knowledge.phases[phase].cap
    streams = {
        stream: tuple(each for each in eligible if each.exercise.stream == stream)[:cap]
        for stream in STREAMS
    }
    return _paired(streams, cap, knowledge)


def _eligible(library: Sequence[Exercise], triggers: frozenset[str]) -> list[Selected]:
    selected = (
        Selected(exercise, tuple(code for code in exercise.triggers if code in triggers))
        for exercise in library
    )
    return [each for each in selected if each.triggers]


def _paired(streams: Phase, cap: int, knowledge: Knowledge) -> Phase:
    """Put MX08 right after a hip-flexor stretch that has no active hip exercise beside it."""
    ids = [each.exercise.id for stream in STREAMS for each in streams[stream]]
    if STRETCH not in ids or any(active in ids for active in ACTIVE_HIP):
        return streams
    mobility = streams["mobility"]
    after = [each.exercise.id for each in mobility].index(STRETCH) + 1
    partner = Selected(knowledge.exercises[ACTIVE_HIP_DEFAULT], (PAIRING,))
    return {**streams, "mobility": (*mobility[:after], partner, *mobility[after:])[:cap]}
