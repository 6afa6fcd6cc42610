"""What the rules say of a checklist, as the `evaluation` element of an Assessment.

Booleans are always there; an empty list is left out, as FHIR requires. Codes stand alone in their
lists, and `explanation` holds the sentence that belongs to each.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from api.clinic.canonical import quantity
from api.fhir.lexical import LexicalDecimal
from domain.contributors import Contributor
from domain.evaluation import Evaluation
from domain.findings import Finding
from domain.knowledge import Knowledge
from domain.patterns import Evidence, Hypothesis
from domain.red_flags import RedFlag

SIDES: Mapping[str, str] = {"L": "left", "R": "right"}


def evaluation_element(
    evaluation: Evaluation, knowledge: Knowledge, previous_run_status: str | None
) -> dict[str, Any]:
    """Write the evaluation; `previous_run_status` is what the rules took it to be."""
    return _without_empty(
        {
            "ruleset": evaluation.ruleset,
            "complete": evaluation.complete,
            "missingRequired": list(evaluation.missing_required),
            "previousRunStatus": previous_run_status,
            "redFlag": [_red_flag(flag) for flag in evaluation.red_flags],
            "planBlocked": evaluation.plan_blocked,
            "whenToSee": [prompt.code for prompt in evaluation.when_to_see],
            "finding": [_finding(finding) for finding in evaluation.findings],
            "hypothesis": [_hypothesis(hypothesis) for hypothesis in evaluation.hypotheses],
            "hypothesesSuppressed": evaluation.hypotheses_suppressed,
            "fallback": evaluation.fallback,
            "insufficientData": [
                {"pattern": gap.pattern, "missing": list(gap.missing)}
                for gap in evaluation.insufficient_data
            ],
            "contributor": [_contributor(found) for found in evaluation.contributors],
            "runStatus": _without_empty(
                {
                    "status": evaluation.run_status.status,
                    "reason": [reason.code for reason in evaluation.run_status.reasons],
                }
            ),
            "runModification": list(evaluation.run_modifications),
            "singleRunCap": _cap(evaluation.single_run_cap_km),
            "reviewWithinDays": evaluation.review_within_days,
            "stream": _streams(evaluation),
            "education": list(evaluation.education),
            "explanation": list(_explanations(evaluation, knowledge)),
        }
    )


def _red_flag(flag: RedFlag) -> dict[str, Any]:
    return _without_empty(
        {
            "rule": flag.rule,
            "severity": flag.severity,
            "blocks": flag.blocks,
            "item": list(flag.items),
            "disposition": flag.disposition,
            "action": flag.action,
            "why": flag.why,
        }
    )


def _finding(finding: Finding) -> dict[str, Any]:
    return _without_empty(
        {
            "code": finding.code,
            "side": [SIDES[side] for side in finding.sides],
            "valueDecimal": number(finding.value),
            "basis": list(finding.basis),
            "why": finding.why,
        }
    )


def _hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
    return _without_empty(
        {
            "pattern": hypothesis.pattern,
            "subtype": hypothesis.subtype,
            "score": hypothesis.score,
            "max": hypothesis.max,
            "ratio": number(hypothesis.ratio),
            "band": hypothesis.band,
            "rank": hypothesis.rank,
            "evidence": [_evidence(line) for line in hypothesis.evidence],
        }
    )


def _evidence(line: Evidence) -> dict[str, Any]:
    return _without_empty(
        {"text": line.text, "weight": line.weight, "met": line.met, "seed": list(line.seeds)}
    )


def _contributor(found: Contributor) -> dict[str, Any]:
    return _without_empty(
        {
            "contributor": found.contributor,
            "score": found.score,
            "cut": found.cut,
            "why": found.why,
        }
    )


def _cap(kilometres: Decimal | None) -> dict[str, Any] | None:
    return None if kilometres is None else quantity(number(kilometres), "km")


def _streams(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [
        _without_empty({"stream": stream, "phase": phase, "exercise": list(exercises)})
        for phase, streams in evaluation.streams.items()
        for stream, exercises in streams.items()
    ]


def _explanations(evaluation: Evaluation, knowledge: Knowledge) -> Iterable[dict[str, str]]:
    for reason in evaluation.run_status.reasons:
        yield {"code": reason.code, "text": reason.why}
    for prompt in evaluation.when_to_see:
        yield {"code": prompt.code, "text": prompt.why}
    for code in evaluation.run_modifications:
        yield {"code": code, "text": knowledge.run_modifications[code].text}
    for code in evaluation.education:
        yield {"code": code, "text": knowledge.education[code].text}


def number(value: Decimal | None) -> LexicalDecimal | None:
    """Return a number that is written with exactly its own digits, never as `6E+0`."""
    return None if value is None else LexicalDecimal(format(value, "f"))


def _without_empty(element: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in element.items()
        if value is not None and value not in ("", [], {})
    }
