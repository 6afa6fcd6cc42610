"""Run modifications and the cap on a single run (specification E.4, C.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from domain.answers import Answers
from domain.knowledge.records import Thresholds
from domain.red_flags import NOT_SCREENED, RedFlag
from domain.run_status import PAUSE, REDUCE, was_paused
from domain.situation import Situation

# The courses through a run on which the distance of onset says how far is too far.
CAPPED_COURSES = ("builds-progressively", "late-only", "constant")


@dataclass(frozen=True, slots=True)
class Cap:
    """The longest single run, in km; `needs_run_walk` when running in one go is too much (RM15)."""

    kilometres: Decimal | None
    needs_run_walk: bool


def distances(answers: Answers) -> tuple[Decimal, ...]:
    """Return the distances that the cap rests on: onset of pain, and where movement degrades."""
    onset = answers.number("sx.onset-km")
    if not answers.is_one_of("sx.course-in-run", *CAPPED_COURSES):
        onset = None
    degradation = answers.number("ga.degradation-km")
    return tuple(distance for distance in (onset, degradation) if distance is not None)


def single_run_cap(answers: Answers, limits: Thresholds) -> Cap:
    """Return 80 % of the smaller distance, floored to 0.5 km.

    There is none without a distance; when a distance is 0 or the cap floors to 0 there is none
    either, and running starts in run-walk intervals.
    """
    known = distances(answers)
    if not known:
        return Cap(None, needs_run_walk=False)
    share, step = Fraction(limits["cap-share"]) / 100, Fraction(limits["cap-step"])
    steps = Fraction(min(known)) * share // step
    if not all(known) or not steps:
        return Cap(None, needs_run_walk=True)
    kilometres = steps * limits["cap-step"]
    return Cap(kilometres, needs_run_walk=kilometres < limits["run-walk-below"])


def while_blocked(flags: Sequence[RedFlag]) -> tuple[str, ...]:
    """RM00 alone, or RM16 alone when unanswered danger-sign questions are all that blocks."""
    blocking = {flag.rule for flag in flags if flag.blocks}
    return ("RM16",) if blocking == {NOT_SCREENED} else ("RM00",)


def run_modifications(now: Situation, cap: Cap) -> tuple[str, ...]:
    """Return the codes of the run modifications; their order carries no meaning."""
    chosen = _paused(now) if now.status == PAUSE else _running(now, cap)
    return tuple(sorted(code for code, applies in chosen.items() if applies))


def _paused(now: Situation) -> dict[str, bool]:
    return {"RM10": True, "RM11": True, "RM13": now.has_contributor("C-FOOTWEAR")}


def _running(now: Situation, cap: Cap) -> dict[str, bool]:
    disc = now.is_likely("P-DISC")
    provokes = now.answers.chosen("sx.run-provokers")
    return {
        "RM01": cap.kilometres is not None,
        "RM02": "uphill" in provokes or "downhill" in provokes,
        "RM03": "hard-surface" in provokes,
        "RM04": "pace" in provokes or now.case.has("F-PACE"),
        "RM05": now.status == REDUCE,
        "RM06": True,
        "RM07": disc or now.is_likely("P-FACET"),
        "RM08": disc,
        "RM09": disc,
        "RM10": now.status == REDUCE,
        "RM12": True,
        "RM13": now.has_contributor("C-FOOTWEAR"),
        "RM14": "uneven-surface" in provokes or now.is_likely("P-SIJ"),
        "RM15": cap.needs_run_walk or was_paused(now.answers),
    }
