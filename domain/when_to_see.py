"""Prompts to see a physiotherapist or write to the GP; they block nothing (C.4; S-173 to S-177)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.answers import Answers
from domain.knowledge.records import Thresholds, Wording
from domain.leg_symptoms import has_leg_symptoms
from domain.red_flags import is_not_improving

Reasons = tuple[str, ...]
Rule = Callable[[Answers, Thresholds], Reasons]


@dataclass(frozen=True, slots=True)
class WhenToSee:
    """A prompt with what it rests on."""

    code: str
    why: str


def _said(*reasons: tuple[bool, str]) -> Reasons:
    return tuple(words for holds, words in reasons if holds)


def w_persist_worse(answers: Answers, _limits: Thresholds) -> Reasons:
    """W-PERSIST-WORSE: worsening, persistent, or building through the run (S-174)."""
    return _said(
        (answers.is_one_of("sx.trend", "worsening"), "worsening over 2 weeks"),
        (answers.is_one_of("hx.episode", "persistent"), "persistent episode"),
        (answers.is_one_of("sx.course-in-run", "builds-progressively"), "builds through the run"),
    )


def w_leg(answers: Answers, _limits: Thresholds) -> Reasons:
    """W-LEG: leg symptoms (S-175)."""
    where = answers.choice("sx.leg-region") or answers.choice("sx.site")
    return _said((has_leg_symptoms(answers), f"leg symptoms: {where}"))


def w_adl_sleep(answers: Answers, _limits: Thresholds) -> Reasons:
    """W-ADL-SLEEP: daily tasks limited (mild or more) or sleep disturbed (S-176)."""
    limited = answers.is_other_than("sx.adl-limit", "none")
    return _said(
        (limited, f"daily tasks: {answers.choice('sx.adl-limit')}"),
        (answers.says_yes("sx.sleep-limit"), "sleep disturbed"),
    )


def w_returns(answers: Answers, _limits: Thresholds) -> Reasons:
    """W-RETURNS: back again despite rest (S-177)."""
    return _said((answers.says_yes("sx.returns-despite-rest"), "returned despite rest"))


def w_few_runs(answers: Answers, limits: Thresholds) -> Reasons:
    """W-FEW-RUNS: more than three runs in a row affected (S-173)."""
    limit = limits["runs-affected"]
    runs = answers.number("sx.runs-affected")
    return _said((runs is not None and runs > limit, f"{runs} runs affected (more than {limit})"))


def w_history(answers: Answers, _limits: Thresholds) -> Reasons:
    """W-HISTORY: earlier back trouble, and not improving (S-147)."""
    told = ("previous-back-injury", "disc-problem", "spondylolysis", "spondylolisthesis")
    history = [each for each in answers.chosen("hx.prior-conditions") if each in told]
    words = f"history of {', '.join(history)}, not improving"
    return _said((bool(history) and is_not_improving(answers), words))


RULES: dict[str, Rule] = {
    "W-PERSIST-WORSE": w_persist_worse,
    "W-LEG": w_leg,
    "W-ADL-SLEEP": w_adl_sleep,
    "W-RETURNS": w_returns,
    "W-FEW-RUNS": w_few_runs,
    "W-HISTORY": w_history,
}


def when_to_see(
    answers: Answers, texts: Mapping[str, Wording], limits: Thresholds
) -> tuple[WhenToSee, ...]:
    """Return the prompts that apply."""
    fired = ((code, rule(answers, limits)) for code, rule in RULES.items())
    return tuple(
        WhenToSee(code, f"{texts[code].text}: {', '.join(reasons)}")
        for code, reasons in fired
        if reasons
    )
