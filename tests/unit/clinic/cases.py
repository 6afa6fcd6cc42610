"""The worked cases, variants and threshold vectors, and an evaluation in their own words."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[2] / "data" / "cases"
SIDES = {"left": "L", "right": "R"}
ORDERED = frozenset({"hypotheses", "contributors", "streams"})


@dataclass(frozen=True)
class Case:
    name: str
    answers: dict[str, Any]
    dispositions: dict[str, str]
    expected: dict[str, Any]
    assessed_on: str = "2026-11-21"


def worked_cases() -> Iterator[Case]:
    for path in sorted(CASES.glob("0*.json")):
        case = json.loads(path.read_text())
        day = case["assessmentDate"]
        yield Case(case["id"], case["answers"], {}, case["expected"], day)
        for variant in case["variants"]:
            answers = case["answers"] | variant["answerOverrides"]
            name = f"{case['id']} {variant['name']}"
            dispositions = variant.get("dispositions", {})
            yield Case(name, answers, dispositions, variant["expected"], day)


def safety_vectors() -> Iterator[Case]:
    file = json.loads((CASES / "safety.json").read_text())
    # Both files of vectors change the same symptom-light baseline.
    base = json.loads((CASES / "boundaries.json").read_text())["base"]
    for vector in file["vectors"]:
        answers = changed(base, vector)
        yield Case(vector["name"], answers, vector["dispositions"], vector["expected"])


def boundary_vectors() -> Iterator[Case]:
    file = json.loads((CASES / "boundaries.json").read_text())
    for vector in file["vectors"]:
        checked = dict(zip(vector["check"].split("+"), _values(vector), strict=True))
        yield Case(vector["name"], changed(file["base"], vector), {}, checked)


def _values(vector: Mapping[str, Any]) -> list[Any]:
    expected: Any = vector["expected"]
    return list(expected) if "+" in vector["check"] else [expected]


def changed(base: Mapping[str, Any], vector: Mapping[str, Any]) -> dict[str, Any]:
    removed = vector.get("removeFromBase", ())
    answers = {link_id: value for link_id, value in base.items() if link_id not in removed}
    return answers | dict(vector["overridesOnBase"])


def in_case_words(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """The evaluation under the names that the cases use: plural keys, sides L and R."""
    return {
        "complete": evaluation["complete"],
        "missingRequired": evaluation.get("missingRequired", []),
        "redFlags": [_red_flag(flag) for flag in evaluation.get("redFlag", [])],
        "planBlocked": evaluation["planBlocked"],
        "whenToSee": evaluation.get("whenToSee", []),
        "findings": {
            finding["code"]: _finding(finding) for finding in evaluation.get("finding", [])
        },
        "hypotheses": [_hypothesis(one) for one in evaluation.get("hypothesis", [])],
        "fallback": evaluation.get("fallback"),
        "hypothesesSuppressed": evaluation["hypothesesSuppressed"],
        "insufficientData": evaluation.get("insufficientData", []),
        "contributors": [
            {name: found[name] for name in ("contributor", "score", "cut")}
            for found in evaluation.get("contributor", [])
        ],
        "runStatus": {
            "status": evaluation["runStatus"]["status"],
            "reasons": evaluation["runStatus"].get("reason", []),
        },
        "runModifications": evaluation.get("runModification", []),
        "singleRunCapKm": evaluation.get("singleRunCap", {}).get("value"),
        "streams": _streams(evaluation),
        "reviewWithinDays": evaluation["reviewWithinDays"],
    }


def _red_flag(flag: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rule": flag["rule"],
        "severity": flag["severity"],
        "blocks": flag["blocks"],
        "items": flag.get("item", []),
        "disposition": flag.get("disposition"),
    }


def _finding(finding: Mapping[str, Any]) -> Any:
    if "valueDecimal" in finding:
        return finding["valueDecimal"]
    return [SIDES[side] for side in finding["side"]] if "side" in finding else True


def _hypothesis(one: Mapping[str, Any]) -> dict[str, Any]:
    met = [line for line in one["evidence"] if line["met"]]
    names = ("pattern", "score", "max", "ratio", "band", "rank", "subtype")
    return {name: one[name] for name in names if name in one} | {
        "for": [line["text"] for line in met if line["weight"] > 0],
        "against": [line["text"] for line in met if line["weight"] < 0],
    }


def _streams(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    streams: dict[str, Any] = {}
    for one in evaluation.get("stream", []):
        phase = streams.setdefault(f"phase{one['phase']}", {})
        phase[one["stream"]] = one.get("exercise", [])
    return streams


def differences(expected: Mapping[str, Any], evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """What differs, as key to (expected, found); empty when nothing does."""
    found = in_case_words(evaluation)
    found |= {code: found["findings"].get(code) for code in expected if code not in found}
    return {
        key: (value, found[key])
        for key, value in expected.items()
        if not _is_same(key, value, found[key])
    }


def _is_same(key: str, expected: Any, found: Any) -> bool:
    if key == "redFlags" and expected and isinstance(expected[0], str):
        return set(expected) == {flag["rule"] for flag in found}
    return bool(_settled(key, expected) == _settled(key, found))


def _settled(key: str, value: Any) -> Any:
    """The value without the order of lists whose order means nothing, numbers as numbers."""
    if isinstance(value, dict):
        return {name: _settled(key, one) for name, one in value.items()}
    if isinstance(value, list):
        settled = [_settled(key, one) for one in value]
        return settled if key in ORDERED else sorted(settled, key=repr)
    is_number = not isinstance(value, bool | str) and value is not None
    return round(float(value), 6) if is_number else value
