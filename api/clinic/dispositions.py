"""What a clinician decided about a red flag (specification C.4)."""

from collections.abc import Container
from typing import Any

from api.fhir.outcome import Issue
from domain.red_flags import Disposition


def read_dispositions(
    assessment: dict[str, Any], rules: Container[str]
) -> tuple[list[Disposition], list[Issue]]:
    """Read the dispositions; one a rule, since two decisions that differ would decide nothing.

    An earlier decision stays in the history of the Assessment.
    """
    decisions: dict[str, Disposition] = {}
    issues: list[Issue] = []
    for index, entry in enumerate(assessment.get("disposition", ())):
        rule, path = entry["redFlag"], f"Assessment.disposition[{index}].redFlag"
        if rule not in rules:
            issues.append(Issue("code-invalid", "No red flag rule has this code.", (path,)))
        elif rule in decisions:
            message = f"{rule} has two dispositions; keep the one that holds."
            issues.append(Issue("business-rule", message, (path,)))
        else:
            decisions[rule] = Disposition(rule, entry["decision"])
    return list(decisions.values()), issues
