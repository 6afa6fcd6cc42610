"""The shapes of the clinic's knowledge: rows of the data files beside this module.

Every row carries where its number or text comes from: `source` (literature, or "clinic default")
and `seeds` (numbers of the seed claims, S-nnn).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from domain.exercises import Exercise, Range

Thresholds: TypeAlias = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Threshold:
    """An editable number; thresholds compare exactly, as decimals."""

    value: Decimal
    unit: str
    source: str
    seeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """A text with its code: an instruction, an education topic, a reason, a ladder level."""

    id: str
    text: str
    source: str = ""
    seeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingRule:
    """A finding's name; `kind` is sided, flag or number (C.5, kinds of findings)."""

    code: str
    name: str
    kind: str
    unit: str | None
    seeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One weighted line; `when` names a finding or a condition of `domain.evidence`."""

    when: str
    weight: int
    text: str
    seeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatternRule:
    """A spinal pattern (C.2)."""

    code: str
    name: str
    source: str
    minimum_data: tuple[str, ...]
    lines: tuple[EvidenceLine, ...]

    @property
    def maximum(self) -> int:
        """The sum of the positive weights."""
        return sum(line.weight for line in self.lines if line.weight > 0)


@dataclass(frozen=True, slots=True)
class ContributorLine:
    """One additive line; `per_side` counts a sided finding once for each of its sides."""

    when: str
    weight: int
    per_side: bool


@dataclass(frozen=True, slots=True)
class ContributorRule:
    """A mechanism (C.3), present when its score reaches the cut."""

    code: str
    name: str
    cut: int
    source: str
    lines: tuple[ContributorLine, ...]
    seeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RedFlagRule:
    """A red flag's severity and action (C.4)."""

    code: str
    name: str
    severity: str
    blocks: bool
    action: str
    source: str
    seeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatusRule:
    """A run-status rule (D) and the level it belongs to."""

    code: str
    level: str
    text: str
    source: str
    seeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhaseRule:
    """A phase (E.1); `cap` is the number of exercises per stream."""

    number: int
    name: str
    aim: str
    entry: str
    exit: tuple[str, ...]
    weeks: Range
    cap: int


@dataclass(frozen=True, slots=True)
class GoalRule:
    """A measurable goal (E.7); `target` is a value, or a rise where the goal is relative."""

    code: str
    text: str
    measure: str
    comparator: str
    target: Decimal
    unit: str
    phase: int
    source: str
    seeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelfManagementRule:
    """What every plan says about managing oneself (E.3, E.5, E.7)."""

    ladder: tuple[Wording, ...]
    ladder_entry: Mapping[str, str]
    ladder_rule: str
    stop_rules: tuple[Wording, ...]
    blocks: tuple[Wording, ...]
    weekly_report: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The effective numbers and texts: the shipped ones, overlaid with a clinic's own."""

    ruleset: str
    thresholds: Thresholds
    threshold_rows: Mapping[str, Threshold]
    findings: Mapping[str, FindingRule]
    patterns: Mapping[str, PatternRule]
    contributors: Mapping[str, ContributorRule]
    red_flags: Mapping[str, RedFlagRule]
    when_to_see: Mapping[str, Wording]
    run_status: Mapping[str, StatusRule]
    review_within_days: Mapping[str, int]
    exercises: Mapping[str, Exercise]
    phases: Mapping[int, PhaseRule]
    run_modifications: Mapping[str, Wording]
    education: Mapping[str, Wording]
    goals: Mapping[str, GoalRule]
    self_management: SelfManagementRule


Data: TypeAlias = dict[str, Any]
