"""The twins of an Assessment: plain FHIR for software that has never heard of an Assessment.

https://hl7.org/fhir/R4/observation.html

Each kind is a function from an evaluation to its twins; `KINDS` names them all, so that a further
kind is a further row. A twin is known by kind and key, which are the same at every amendment.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.clinic.body_sites import body_site
from api.clinic.canonical import OBSERVATION_CATEGORY, Canonical, quantity
from api.clinic.evaluation import number
from domain.contributors import Contributor
from domain.evaluation import Evaluation
from domain.findings import Finding
from domain.knowledge import Knowledge
from domain.patterns import Hypothesis

RUN_STATUS = "run-status"

_CATEGORY = {"coding": [{"system": OBSERVATION_CATEGORY, "code": "exam"}]}


@dataclass(frozen=True, slots=True)
class Twin:
    """One twin: its kind and key, and what it says apart from whom and when."""

    kind: str
    key: str
    cites_as: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Where the codes of twins come from: the canonical root and the clinic's own names."""

    canonical: Canonical
    knowledge: Knowledge

    def concept(self, system: str, code: str, display: str) -> dict[str, Any]:
        """Return a CodeableConcept in one of our code systems."""
        return {"coding": [self.canonical.coding(system, code, display)]}


def twins_of(evaluation: Evaluation, vocabulary: Vocabulary) -> list[Twin]:
    """Return every twin that this evaluation has."""
    return [twin for build in KINDS.values() for twin in build(evaluation, vocabulary)]


def _findings(evaluation: Evaluation, vocabulary: Vocabulary) -> Iterable[Twin]:
    for finding in evaluation.findings:
        for side in finding.sides or ("",):
            yield _finding(finding, side, vocabulary)


def _finding(finding: Finding, side: str, vocabulary: Vocabulary) -> Twin:
    rule = vocabulary.knowledge.findings[finding.code]
    content: dict[str, Any] = {
        "category": [_CATEGORY],
        "code": vocabulary.concept("rs-finding", finding.code, rule.name),
    }
    if finding.value is None:
        content["valueBoolean"] = True
    else:
        content["valueQuantity"] = quantity(number(finding.value), rule.unit or "1")
    if side:
        content["bodySite"] = body_site(vocabulary.canonical, finding.code, side)
    key = f"{finding.code}.{side}" if side else finding.code
    return Twin("finding", key, finding.code, content | _note(finding.why))


def _patterns(evaluation: Evaluation, vocabulary: Vocabulary) -> Iterable[Twin]:
    for hypothesis in evaluation.hypotheses:
        yield _pattern(hypothesis, vocabulary)


def _pattern(hypothesis: Hypothesis, vocabulary: Vocabulary) -> Twin:
    met = [line.text for line in hypothesis.evidence if line.met]
    why = (
        f"A {hypothesis.band} hypothesis for a clinician to confirm: "
        f"{hypothesis.score} of {hypothesis.max} points ({'; '.join(met)})."
    )
    name = vocabulary.knowledge.patterns[hypothesis.pattern].name
    content = {
        "category": [_CATEGORY],
        "code": vocabulary.concept("rs-pattern", hypothesis.pattern, name),
        "valueQuantity": quantity(number(hypothesis.ratio), "1"),
        "interpretation": [{"text": hypothesis.band}],
    }
    return Twin("pattern", hypothesis.pattern, hypothesis.pattern, content | _note(why))


def _contributors(evaluation: Evaluation, vocabulary: Vocabulary) -> Iterable[Twin]:
    for found in evaluation.contributors:
        yield _contributor(found, vocabulary)


def _contributor(found: Contributor, vocabulary: Vocabulary) -> Twin:
    name = vocabulary.knowledge.contributors[found.contributor].name
    content = {
        "category": [_CATEGORY],
        "code": vocabulary.concept("rs-contributor", found.contributor, name),
        "valueInteger": found.score,
        "referenceRange": [{"text": f"present from {found.cut} points"}],
    }
    return Twin("contributor", found.contributor, found.contributor, content | _note(found.why))


def _run_status(evaluation: Evaluation, vocabulary: Vocabulary) -> Iterable[Twin]:
    status = evaluation.run_status
    code = vocabulary.canonical.coding("runner-spine", RUN_STATUS, "Run status")
    content = {
        "category": [_CATEGORY],
        "code": {"coding": [code]},
        "valueCodeableConcept": {
            "coding": [vocabulary.canonical.coding("rs-run-status", status.status)]
        },
    }
    why = "; ".join(f"{reason.code} {reason.why}" for reason in status.reasons)
    yield Twin(RUN_STATUS, RUN_STATUS, RUN_STATUS, content | _note(why))


def _note(text: str) -> dict[str, Any]:
    return {"note": [{"text": text}]} if text else {}


KINDS: Mapping[str, Callable[[Evaluation, Vocabulary], Iterable[Twin]]] = {
    "finding": _findings,
    "pattern": _patterns,
    "contributor": _contributors,
    RUN_STATUS: _run_status,
}
