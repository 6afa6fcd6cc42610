"""Run status: pause, reduce or modified, with every reason of that level (specification D, C.5).

The levels are gone through from the top; the first with a reason wins. One function per rule,
named by its code; it returns the reasons in words, empty when the rule does not hold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.answers import Answers
from domain.knowledge.records import StatusRule
from domain.leg_symptoms import (
    RADICULAR,
    REFERRED,
    has_abnormal_neurology,
    has_leg_symptoms,
    positive_straight_leg_raises,
    radicular_reasons,
)
from domain.presentation import Presentation
from domain.red_flags import RedFlag
from domain.training_load import exceeds, shown, spike_percent

PAUSE, REDUCE, MODIFIED, UNRESTRICTED = "pause", "reduce", "modified", "unrestricted"

# Flags that forbid running though they may not block (RS-P5), whatever their items ...
FORBID_RUNNING = (
    "RF-FRACTURE",
    "RF-FRACTURE-AMBER",
    "RF-BSI",
    "RF-BSI-AMBER",
    "RF-INFECTION",
    "RF-MALIGNANCY",
    "RF-INSTABILITY",
)
# ... and those that do so only with one of these among their items.
FORBID_RUNNING_WITH = {
    "RF-MALIGNANCY-AMBER": ("rf.ca.night-constant",),
    "RF-CLARIFY": (
        "rf.neuro.foot-drop",
        "rf.fx.trauma",
        "rf.fx.midline-tender",
        "rf.bsi.focal-bone-pain",
        "rf.bsi.hop-pain",
        "rf.bsi.rest-night-pain",
        "rf.inf.fever",
        "rf.ca.night-constant",
    ),
}
READINESS = (
    "sx.pain-now",
    "sx.pain-24h",
    "sx.limp",
    "sx.adl-limit",
    "sx.sleep-limit",
    "sx.trend",
    "sx.leg-region",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A run-status rule that holds."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class RunStatus:
    """pause, reduce or modified (unrestricted only at a review), with all reasons of that level."""

    status: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    case: Presentation
    flags: tuple[RedFlag, ...]

    @property
    def answers(self) -> Answers:
        return self.case.answers


Words = tuple[str, ...]
Rule = Callable[[_Judged], Words]


def _said(*reasons: tuple[bool, str]) -> Words:
    return tuple(words for holds, words in reasons if holds)


def was_paused(answers: Answers) -> bool:
    """Tell whether the run status at the last review was pause."""
    return answers.is_one_of("sx.previous-run-status", "pause")


def rs_p1(judged: _Judged) -> Words:
    """RS-P1: any red flag that blocks."""
    return tuple(flag.rule for flag in judged.flags if flag.blocks)


def rs_p2(judged: _Judged) -> Words:
    """RS-P2: leg symptoms of the radicular subtype, listed pattern or not (S-246)."""
    return radicular_reasons(judged.answers) if judged.case.subtype == RADICULAR else ()


def rs_p3(judged: _Judged) -> Words:
    """RS-P3: daily activity difficult or impossible (S-245)."""
    limited = judged.answers.is_one_of("sx.adl-limit", "difficult", "unable")
    return _said((limited, f"daily tasks: {judged.answers.choice('sx.adl-limit')}"))


def rs_p4(judged: _Judged) -> Words:
    """RS-P4: pain of 6 or more while running or now, or a limp (Vincent 2017; S-172)."""
    answers, limit = judged.answers, judged.case.thresholds["pain-pause"]
    running, now = answers.number("sx.pain-run"), answers.number("sx.pain-now")
    return _said(
        (running is not None and running >= limit, f"pain while running {running}/10"),
        (now is not None and now >= limit, f"pain now {now}/10"),
        (answers.says_yes("sx.limp"), "pain changes the gait"),
    )


def rs_p5(judged: _Judged) -> Words:
    """RS-P5: an open flag that forbids running though it may not block (S-146, S-147)."""
    return tuple(flag.rule for flag in judged.flags if flag.is_open and forbids_running(flag))


def forbids_running(flag: RedFlag) -> bool:
    """Tell whether a flag, while not excluded, forbids running."""
    among = FORBID_RUNNING_WITH.get(flag.rule, ())
    return flag.rule in FORBID_RUNNING or any(item in among for item in flag.items)


def rs_p6(judged: _Judged) -> Words:
    """RS-P6: readiness to run is not known (S-221, S-243, S-249)."""
    missing = judged.answers.unanswered(*READINESS)
    if not judged.answers.is_one_of("sx.course-in-run", "not-running"):
        missing += judged.answers.unanswered("sx.pain-run")
    return tuple(f"{link_id} not answered" for link_id in missing)


def rs_p7(judged: _Judged) -> Words:
    """RS-P7: paused before, and the leg or daily tasks have not settled (S-245, S-246)."""
    answers = judged.answers
    if not was_paused(answers):
        return ()
    limited = answers.is_other_than("sx.adl-limit", "none")
    return _said(
        (has_leg_symptoms(answers), "leg symptoms"),
        (bool(positive_straight_leg_raises(answers)), "straight-leg raise positive"),
        (has_abnormal_neurology(answers), f"neurology: {answers.choice('mo.neuro')}"),
        (limited, f"daily tasks: {answers.choice('sx.adl-limit')}"),
    )


def rs_r1(judged: _Judged) -> Words:
    """RS-R1: pain while running of 3 to 5 (S-149; Vincent 2017)."""
    pain, limits = judged.answers.number("sx.pain-run"), judged.case.thresholds
    amber = pain is not None and limits["pain-reduce"] <= pain < limits["pain-pause"]
    return _said((amber, f"pain while running {pain}/10"))


def rs_r2(judged: _Judged) -> Words:
    """RS-R2: pain after 24 h is 2 or more above baseline; no baseline counts as 0 (S-032)."""
    after = judged.answers.number("sx.pain-24h")
    baseline = judged.answers.number("sx.pain-baseline") or Decimal(0)
    rise = judged.case.thresholds["next-day-rise"]
    risen = after is not None and after - baseline >= rise
    return _said((risen, f"pain the morning after {after}/10, before the run {baseline}/10"))


def rs_r3(judged: _Judged) -> Words:
    """RS-R3: worsening (S-174)."""
    worse = judged.answers.is_one_of("sx.trend", "worsening")
    return _said((worse, "worsening over the last 2 weeks"))


def rs_r4(judged: _Judged) -> Words:
    """RS-R4: leg symptoms of the referred subtype (S-050)."""
    return _said((judged.case.subtype == REFERRED, "leg symptoms, tested normal"))


def rs_r5(judged: _Judged) -> Words:
    """RS-R5: sleep disturbed by pain (S-176)."""
    return _said((judged.answers.says_yes("sx.sleep-limit"), "sleep disturbed by pain"))


def rs_r6(judged: _Judged) -> Words:
    """RS-R6: single-run spike above 30 %, at the first assessment only (Frandsen 2025)."""
    answers = judged.answers
    percent = spike_percent(answers)
    first = not answers.is_other_than("sx.previous-run-status", "none")
    if percent is None or not first:
        return ()
    above = exceeds(percent, judged.case.thresholds["spike-moderate"])
    return _said((above, f"run {shown(percent)} % above the longest of 30 days"))


def rs_r7(judged: _Judged) -> Words:
    """RS-R7: the first step back after a pause (S-249, S-074)."""
    return _said((was_paused(judged.answers), "paused at the last review"))


RULES: dict[str, Rule] = {
    "RS-P1": rs_p1,
    "RS-P2": rs_p2,
    "RS-P3": rs_p3,
    "RS-P4": rs_p4,
    "RS-P5": rs_p5,
    "RS-P6": rs_p6,
    "RS-P7": rs_p7,
    "RS-R1": rs_r1,
    "RS-R2": rs_r2,
    "RS-R3": rs_r3,
    "RS-R4": rs_r4,
    "RS-R5": rs_r5,
    "RS-R6": rs_r6,
    "RS-R7": rs_r7,
}


def run_status(
    case: Presentation, flags: Sequence[RedFlag], rules: Mapping[str, StatusRule]
) -> RunStatus:
    """Return the first level that has a reason, with all reasons of that level."""
    judged = _Judged(case, tuple(flags))
    held = [
        (rules[code], Reason(code, f"{rules[code].text}: {', '.join(words)}"))
        for code, rule in RULES.items()
        if (words := rule(judged))
    ]
    for level in (PAUSE, REDUCE):
        reasons = tuple(reason for rule, reason in held if rule.level == level)
        if reasons:
            return RunStatus(level, reasons)
    return RunStatus(MODIFIED, (Reason("RS-M1", rules["RS-M1"].text),))
