"""Measurable goals of a plan, and the runner's own in their own words (specification E.7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from domain.answers import Answers
from domain.findings import SIDE_NAMES
from domain.knowledge.records import GoalRule
from domain.presentation import Presentation

TENTH = Decimal("0.1")
HIGHEST_PSFS = 10
HIGHEST_UWRI = 36
# Goals that follow from a sided finding.
SIDED = {"hip-extension": "F-HIPEXT", "thoracic-rotation": "F-TROT", "side-plank": "F-SIDEPLANK"}
OWN_GOALS = {"clinical": "go.clinical", "performance": "go.performance"}


@dataclass(frozen=True, slots=True)
class GoalDraft:
    """A measurable goal, or the runner's own words without a measure; `code` is unique."""

    code: str
    text: str
    measure: str | None  # linkId
    comparator: str | None  # ">=" or "<="
    target: Decimal | None
    unit: str | None
    due: date | None
    phase: int | None


@dataclass(frozen=True, slots=True)
class _Drafting:
    case: Presentation
    rules: Mapping[str, GoalRule]
    ends: Mapping[int, date]  # by phase

    @property
    def answers(self) -> Answers:
        return self.case.answers

    def goal(self, code: str, target: Decimal | None = None, side: str | None = None) -> GoalDraft:
        """Draft one goal, due when its phase ends."""
        rule = self.rules[code]
        aimed = rule.target if target is None else target
        named = SIDE_NAMES[side] if side else ""
        text = rule.text.replace("{target}", f"{aimed}").replace("{side}", named)
        return GoalDraft(
            code=f"{code}-{named}" if side else code,
            text=text,
            measure=f"{rule.measure}.{side}" if side else rule.measure,
            comparator=rule.comparator,
            target=aimed,
            unit=None if rule.unit == "%" else rule.unit,
            due=self.ends[rule.phase],
            phase=rule.phase,
        )


def goals(
    case: Presentation, rules: Mapping[str, GoalRule], ends: Mapping[int, date]
) -> tuple[GoalDraft, ...]:
    """Draft the goals that the measurements ask for, then the runner's own, word for word."""
    drafting = _Drafting(case, rules, ends)
    return (
        *_sided(drafting),
        *_run_pain(drafting),
        *_degradation(drafting),
        *_psfs(drafting),
        *_uwri(drafting),
        *_own(drafting),
    )


def _sided(drafting: _Drafting) -> Iterator[GoalDraft]:
    for code, finding in SIDED.items():
        for side in drafting.case.sides(finding):
            yield drafting.goal(code, side=side)


def _run_pain(drafting: _Drafting) -> Iterator[GoalDraft]:
    """Aim at little pain while running, unless that is reached already."""
    pain = drafting.answers.number("sx.pain-run")
    if pain is None or pain > drafting.rules["run-pain"].target:
        yield drafting.goal("run-pain")


def _degradation(drafting: _Drafting) -> Iterator[GoalDraft]:
    """Movement holds to the goal distance, but no more than so many per cent further."""
    now = drafting.answers.number("ga.degradation-km")
    wanted = drafting.answers.number("go.target-distance")
    if not now or not wanted or not drafting.case.has("F-DEGRADE"):
        return
    share = drafting.rules["degradation-distance"].target
    furthest = (now * (100 + share) / 100).quantize(TENTH, ROUND_HALF_UP)
    goal = drafting.goal("degradation-distance", min(wanted, furthest))
    yield GoalDraft(
        goal.code, goal.text, goal.measure, goal.comparator, goal.target, "km", goal.due, goal.phase
    )


def psfs_mean(answers: Answers) -> Decimal | None:
    """Return the mean of the scored PSFS activities, to one decimal."""
    scores = [row.number("score") for row in answers.groups("om.psfs")]
    given = [score for score in scores if score is not None]
    return (sum(given, Decimal(0)) / len(given)).quantize(TENTH, ROUND_HALF_UP) if given else None


def _psfs(drafting: _Drafting) -> Iterator[GoalDraft]:
    mean = psfs_mean(drafting.answers)
    if mean is not None:
        yield drafting.goal(
            "psfs", min(mean + drafting.rules["psfs"].target, Decimal(HIGHEST_PSFS))
        )


def _uwri(drafting: _Drafting) -> Iterator[GoalDraft]:
    total = drafting.answers.number("om.uwri")
    if total is not None:
        rise = drafting.rules["uwri"].target
        yield drafting.goal("uwri", min(total + rise, Decimal(HIGHEST_UWRI)))


def _own(drafting: _Drafting) -> Iterator[GoalDraft]:
    """Take over the runner's own goals; the performance goal is due on the goal date."""
    day = drafting.answers.value("go.target-date")
    for code, link_id in OWN_GOALS.items():
        words = drafting.answers.choice(link_id)
        due = day if code == "performance" and isinstance(day, date) else None
        if words is not None:
            yield GoalDraft(code, words, None, None, None, None, due, None)
