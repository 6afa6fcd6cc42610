"""Findings: facts derived from the answers before anything is scored (specification C.1, C.5).

One small function per rule, named by its code. Each returns the finding, with the numbers that it
was read from, or None. What was not measured is never a finding.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.answers import SIDES, Answers
from domain.knowledge.records import Thresholds

SIDE_NAMES = {"L": "left", "R": "right"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One derived fact: its code, the sides it holds for, its number, and what it was read from.

    `sides` is empty for a finding without sides; `value` is a number for F-LLD (mm) and
    F-SPIKE (%) only; `basis` holds the linkIds whose answers made it.
    """

    code: str
    sides: tuple[str, ...] = ()
    value: Decimal | None = None
    basis: tuple[str, ...] = ()
    why: str = ""


Rule = Callable[[Answers, Thresholds], Finding | None]


def measured_on_sides(
    code: str, answers: Answers, link_id: str, words: str, test: Callable[[Decimal], bool]
) -> Finding | None:
    """Return a finding for the sides whose measured number passes the test.

    `words` says what was measured and against what; its first {} takes the numbers.
    """
    sides = answers.sides(link_id, lambda side: answers.is_number(side, test))
    if not sides:
        return None
    numbers = ", ".join(
        f"{SIDE_NAMES[side]} {answers.number(f'{link_id}.{side}')}" for side in sides
    )
    basis = tuple(f"{link_id}.{side}" for side in sides)
    return Finding(code, sides, basis=basis, why=words.replace("{}", numbers))


def chosen_on_sides(
    code: str, answers: Answers, link_id: str, option: str, words: str
) -> Finding | None:
    """Return a finding for the sides whose answer is the option."""
    sides = answers.sides(link_id, lambda side: answers.is_one_of(side, option))
    if not sides:
        return None
    basis = tuple(f"{link_id}.{side}" for side in sides)
    return Finding(code, sides, basis=basis, why=f"{words} {named(sides)}")


def named(sides: tuple[str, ...]) -> str:
    """Name sides in words."""
    return " and ".join(SIDE_NAMES[side] for side in sides)


def side_difference(answers: Answers, link_id: str) -> Decimal | None:
    """Return the difference between the sides, or None unless both sides were measured."""
    left, right = (answers.number(f"{link_id}.{side}") for side in SIDES)
    if left is None or right is None:
        return None
    return max(left, right) - min(left, right)


def asymmetry(
    code: str, answers: Answers, link_id: str, limit: Decimal, words: str
) -> Finding | None:
    """Return a finding when the sides differ by the limit or more."""
    difference = side_difference(answers, link_id)
    if difference is None or difference < limit:
        return None
    basis = tuple(f"{link_id}.{side}" for side in SIDES)
    left, right = (answers.number(each) for each in basis)
    why = f"{words}: left {left}, right {right}, difference {difference} (limit {limit})"
    return Finding(code, basis=basis, why=why)


def present(code: str, holds: bool, why: str, *basis: str) -> Finding | None:  # noqa: FBT001
    """Return a finding that is either there or not."""
    return Finding(code, basis=basis, why=why) if holds else None


def by_code(rules: Mapping[str, Rule], answers: Answers, limits: Thresholds) -> dict[str, Finding]:
    """Return the findings that the rules make of the answers, by their code."""
    made = (rule(answers, limits) for rule in rules.values())
    return {finding.code: finding for finding in made if finding is not None}
