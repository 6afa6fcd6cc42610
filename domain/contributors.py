"""Mechanism contributors: what feeds the pain, present when the score reaches the cut (C.3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.evidence import is_met
from domain.knowledge.records import ContributorLine, ContributorRule
from domain.presentation import Presentation


@dataclass(frozen=True, slots=True)
class Contributor:
    """A mechanism whose score reaches its cut; `why` names every line that counted."""

    contributor: str
    score: int
    cut: int
    why: str


def contributors(
    rules: Mapping[str, ContributorRule], case: Presentation
) -> tuple[Contributor, ...]:
    """Return the contributors that are present, by (score - cut) descending, then by code."""
    scored = (_scored(rule, case) for rule in rules.values())
    listed = [each for each in scored if each.score >= each.cut]
    return tuple(sorted(listed, key=lambda each: (each.cut - each.score, each.contributor)))


def _scored(rule: ContributorRule, case: Presentation) -> Contributor:
    counted = [(line, points) for line in rule.lines if (points := _points(line, case))]
    why = "; ".join(f"{_words(line, case)} {points:+d}" for line, points in counted)
    return Contributor(rule.code, sum(points for _, points in counted), rule.cut, why)


def _points(line: ContributorLine, case: Presentation) -> int:
    if line.per_side:
        return line.weight * len(case.sides(line.when))
    return line.weight if is_met(line.when, case) else 0


def _words(line: ContributorLine, case: Presentation) -> str:
    """Say what the line rests on: a finding with its numbers, or the condition's name."""
    finding = case.findings.get(line.when)
    return f"{finding.code} ({finding.why})" if finding else line.when.replace("-", " ")
