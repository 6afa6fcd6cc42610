"""How the runner presents: the answers with the findings derived from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain import control_findings, gait_findings, mobility_findings
from domain.answers import Answers
from domain.findings import Finding, by_code
from domain.knowledge.records import Thresholds
from domain.leg_symptoms import subtype

FINDING_RULES = mobility_findings.RULES | control_findings.RULES | gait_findings.RULES


@dataclass(frozen=True, slots=True)
class Presentation:
    """What patterns, contributors, run status and streams are judged from."""

    answers: Answers
    thresholds: Thresholds
    findings: Mapping[str, Finding]
    subtype: str | None  # of the leg symptoms: radicular, referred or None

    def has(self, *codes: str) -> bool:
        """Tell whether at least one of these findings is present."""
        return any(code in self.findings for code in codes)

    def sides(self, code: str) -> tuple[str, ...]:
        """Return the sides of a finding; none when it is absent."""
        return self.findings[code].sides if code in self.findings else ()


Condition = Callable[[Presentation], bool]


def present_case(answers: Answers, thresholds: Thresholds) -> Presentation:
    """Derive the findings, in the order of their rules."""
    findings = by_code(FINDING_RULES, answers, thresholds)
    return Presentation(answers, thresholds, findings, subtype(answers))
