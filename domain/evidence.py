"""What a line of evidence rests on: a finding, or a named condition (C.2, C.3, C.5).

A line of `knowledge/patterns.json` or `knowledge/contributors.json` names a finding (F-...) or a
condition: the name of its function, with hyphens. Weights and texts are data; what a condition
means is code.
"""

from domain import examination_evidence, symptom_evidence
from domain.presentation import Condition, Presentation

CONDITIONS: dict[str, Condition] = {
    condition.__name__.replace("_", "-"): condition
    for condition in symptom_evidence.CONDITIONS + examination_evidence.CONDITIONS
}


def is_met(when: str, case: Presentation) -> bool:
    """Tell whether the finding is present or the condition holds."""
    return case.has(when) if when.startswith("F-") else CONDITIONS[when](case)
