"""Spinal patterns: additive scores, bands and ranks (specification C.2, C.5).

A pattern is a hypothesis for a clinician to confirm, never more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from domain.evidence import is_met
from domain.knowledge.records import PatternRule, Thresholds
from domain.leg_symptoms import STRAIGHT_LEG_RAISES, has_leg_symptoms
from domain.presentation import Presentation

# Ties of ratio and score are ranked in this order (C.2).
TIE_ORDER = ("P-NERVE", "P-FACET", "P-DISC", "P-SIJ", "P-THORACIC")
NONSPECIFIC = "P-NONSPECIFIC"
BANDS = ("strong", "moderate", "weak")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of evidence, met or not; a negative weight argues against the pattern."""

    text: str
    weight: int
    met: bool
    seeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A listed pattern; `ratio` is shown with two decimals, halves up."""

    pattern: str
    subtype: str | None
    score: int
    max: int
    ratio: Decimal
    band: str
    rank: int
    evidence: tuple[Evidence, ...]

    @property
    def evidence_for(self) -> tuple[str, ...]:
        """The met lines that argue for the pattern, in order."""
        return tuple(line.text for line in self.evidence if line.met and line.weight > 0)

    @property
    def evidence_against(self) -> tuple[str, ...]:
        """The met lines that argue against the pattern, in order."""
        return tuple(line.text for line in self.evidence if line.met and line.weight < 0)


@dataclass(frozen=True, slots=True)
class InsufficientData:
    """A pattern that could not be judged, and the linkIds that it waits for."""

    pattern: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Scored:
    rule: PatternRule
    evidence: tuple[Evidence, ...]
    score: int
    ratio: Fraction
    band: str


def missing_data(rule: PatternRule, case: Presentation) -> tuple[str, ...]:
    """Return what of a pattern's minimum data is unanswered.

    With leg symptoms the straight-leg raises and the neurological screen belong to P-NERVE's.
    """
    needed = rule.minimum_data
    if rule.code == "P-NERVE" and has_leg_symptoms(case.answers):
        needed += (*STRAIGHT_LEG_RAISES, "mo.neuro")
    return case.answers.unanswered(*needed)


def insufficient(
    rules: Mapping[str, PatternRule], case: Presentation
) -> tuple[InsufficientData, ...]:
    """Return the patterns that cannot be judged; they are never counted as negative."""
    judged = ((code, missing_data(rules[code], case)) for code in TIE_ORDER)
    return tuple(InsufficientData(code, missing) for code, missing in judged if missing)


def hypotheses(rules: Mapping[str, PatternRule], case: Presentation) -> tuple[Hypothesis, ...]:
    """Return the listed patterns, ranked by exact ratio, then score, then the fixed order."""
    judged = (rules[code] for code in TIE_ORDER if not missing_data(rules[code], case))
    listed = [scored for rule in judged if (scored := _scored(rule, case)) is not None]
    # The sort is stable, so equals keep the fixed order that they come in.
    listed.sort(key=lambda scored: (scored.ratio, scored.score), reverse=True)
    return tuple(_hypothesis(scored, rank, case) for rank, scored in enumerate(listed, start=1))


def band(ratio: Fraction, thresholds: Thresholds) -> str | None:
    """Return strong, moderate, weak, or None for a ratio too low to be listed."""
    return next(
        (name for name in BANDS if ratio >= Fraction(thresholds[f"band-{name}"])),
        None,
    )


def shown_ratio(ratio: Fraction) -> Decimal:
    """Return the ratio with two decimals, halves up."""
    hundredths = (ratio * 100 + Fraction(1, 2)) // 1
    return (Decimal(hundredths) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _scored(rule: PatternRule, case: Presentation) -> _Scored | None:
    evidence = tuple(
        Evidence(line.text, line.weight, is_met(line.when, case), line.seeds) for line in rule.lines
    )
    score = max(0, sum(line.weight for line in evidence if line.met))
    ratio = Fraction(score, rule.maximum)
    name = band(ratio, case.thresholds)
    return _Scored(rule, evidence, score, ratio, name) if name else None


def _hypothesis(scored: _Scored, rank: int, case: Presentation) -> Hypothesis:
    return Hypothesis(
        pattern=scored.rule.code,
        subtype=case.subtype if scored.rule.code == "P-NERVE" else None,
        score=scored.score,
        max=scored.rule.maximum,
        ratio=shown_ratio(scored.ratio),
        band=scored.band,
        rank=rank,
        evidence=scored.evidence,
    )
