"""Turns the worked cases of tests/data/cases into answers and dispositions."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from domain.answers import Answer, Answers
from domain.checklist import checklist
from domain.evaluation import Evaluation, evaluate
from domain.knowledge import load
from domain.red_flags import Disposition

CASES = Path(__file__).parents[2] / "data" / "cases"
ASSESSED_ON = date(2026, 11, 21)

JSONObject = dict[str, Any]


def read(name: str) -> JSONObject:
    data: JSONObject = json.loads((CASES / name).read_text("utf-8"), parse_float=Decimal)
    return data


def answers_of(values: Mapping[str, Any]) -> Answers:
    return Answers({link_id: _answer(link_id, value) for link_id, value in values.items()})


def _answer(link_id: str, value: Any) -> Answer:
    if isinstance(value, Mapping):
        value = [value]
    if isinstance(value, list):
        return tuple(_row(link_id, row) if isinstance(row, Mapping) else row for row in value)
    item = checklist().item(link_id)
    plain: Answer = value
    return date.fromisoformat(value) if item and item.type == "date" else plain


def _row(link_id: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: _answer(f"{link_id}.{name}", value) for name, value in row.items()}


def base(**overrides: Any) -> JSONObject:
    """Return the symptom-light baseline; keywords may not hold dots, so merge a dict for those."""
    values: JSONObject = read("boundaries.json")["base"]
    return values | overrides


def judged(values: Mapping[str, Any], dispositions: Mapping[str, str] | None = None) -> Evaluation:
    decisions = [Disposition(rule, each) for rule, each in (dispositions or {}).items()]
    return evaluate(answers_of(values), decisions, load())


def changed(
    overrides: Mapping[str, Any] | None = None,
    without: tuple[str, ...] = (),
    dispositions: Mapping[str, str] | None = None,
) -> Evaluation:
    """Evaluate the baseline with some answers changed and some left out."""
    values = base() | dict(overrides or {})
    kept = {link_id: value for link_id, value in values.items() if link_id not in without}
    return judged(kept, dispositions)


@dataclass(frozen=True)
class Example:
    name: str
    answers: JSONObject
    expected: JSONObject
    dispositions: Mapping[str, str] = field(default_factory=dict)


def worked() -> Iterator[Example]:
    """Yield every worked runner and every variant of it."""
    for path in sorted(CASES.glob("0*.json")):
        case = read(path.name)
        yield Example(case["id"], case["answers"], case["expected"])
        for variant in case["variants"]:
            values = case["answers"] | variant["answerOverrides"]
            name = f"{case['id']} {variant['name']}"
            yield Example(name, values, variant["expected"], variant["dispositions"])


def safety() -> Iterator[Example]:
    for vector in read("safety.json")["vectors"]:
        yield _vector(vector, vector["expected"])


def boundaries() -> Iterator[Example]:
    for vector in read("boundaries.json")["vectors"]:
        yield _vector(vector, {vector["check"]: vector["expected"]})


def _vector(vector: JSONObject, expected: JSONObject) -> Example:
    values = base() | vector["overridesOnBase"]
    for link_id in vector.get("removeFromBase", ()):
        del values[link_id]
    return Example(vector["name"], values, expected, vector.get("dispositions", {}))


def as_expected(evaluation: Evaluation) -> JSONObject:
    """Return an evaluation in the shape of the cases' `expected`."""
    findings = {
        each.code: list(each.sides) or (each.value if each.value is not None else True)
        for each in evaluation.findings
    }
    return {
        "complete": evaluation.complete,
        "missingRequired": sorted(evaluation.missing_required),
        "redFlags": [
            {
                "rule": flag.rule,
                "severity": flag.severity,
                "blocks": flag.blocks,
                "items": sorted(flag.items),
                "disposition": flag.disposition,
            }
            for flag in evaluation.red_flags
        ],
        "planBlocked": evaluation.plan_blocked,
        "whenToSee": sorted(each.code for each in evaluation.when_to_see),
        "findings": findings,
        "hypotheses": [_hypothesis(each) for each in evaluation.hypotheses],
        "fallback": evaluation.fallback,
        "hypothesesSuppressed": evaluation.hypotheses_suppressed,
        "insufficientData": [
            {"pattern": each.pattern, "missing": list(each.missing)}
            for each in evaluation.insufficient_data
        ],
        "contributors": [
            {"contributor": each.contributor, "score": each.score, "cut": each.cut}
            for each in evaluation.contributors
        ],
        "runStatus": {
            "status": evaluation.run_status.status,
            "reasons": [reason.code for reason in evaluation.run_status.reasons],
        },
        "runModifications": sorted(evaluation.run_modifications),
        "singleRunCapKm": evaluation.single_run_cap_km,
        "streams": {
            f"phase{phase}": {stream: list(ids) for stream, ids in streams.items()}
            for phase, streams in evaluation.streams.items()
        },
        "reviewWithinDays": evaluation.review_within_days,
    }


def _hypothesis(each: Any) -> JSONObject:
    shown = {
        "pattern": each.pattern,
        "score": each.score,
        "max": each.max,
        "ratio": each.ratio,
        "band": each.band,
        "for": list(each.evidence_for),
        "against": list(each.evidence_against),
        "rank": each.rank,
    }
    return shown | ({"subtype": each.subtype} if each.subtype else {})


def in_order(expected: JSONObject) -> JSONObject:
    """Sort what carries no meaning in its order, as `as_expected` does."""
    unordered = ("missingRequired", "whenToSee", "runModifications")
    ordered = {k: sorted(v) if k in unordered else v for k, v in expected.items()}
    for flag in ordered.get("redFlags", ()):
        flag["items"] = sorted(flag["items"])
    return ordered
