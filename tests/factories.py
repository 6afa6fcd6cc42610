"""A valid resource of each type that tests write, with overrides by keyword.

    patient(gender="female")
    observation(subject="Patient/p1", valueQuantity=quantity("4.10"))

Numbers may be given as `Digits("4.10")`: `encoded` writes them in exactly these digits.
"""

import itertools
import json
import os
import re
from collections.abc import Callable
from typing import Any, TypeAlias

Resource: TypeAlias = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
_numbers = itertools.count(1)
_DIGITS = "\u2060digits:"
_QUOTED_DIGITS = re.compile(f'"{_DIGITS}([^"]*)"')


class Digits(str):
    """A JSON number as the client writes it: `4.10` is not `4.1`."""

    __slots__ = ()


def encoded(value: Any) -> bytes:
    """JSON in which `Digits` are numbers with the digits they were given."""
    text = json.dumps(_marked(value), ensure_ascii=False)
    return _QUOTED_DIGITS.sub(r"\1", text).encode()


def _marked(value: Any) -> Any:
    if isinstance(value, Digits):
        return _DIGITS + value
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item) for item in value]
    return value


def unique_name(prefix: str = "t") -> str:
    """A name that no other test uses, in letters and digits; the process id parts the workers."""
    return f"{prefix}{os.getpid():x}n{next(_numbers):x}"


def concept(system: str, code: str, display: str | None = None) -> Resource:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    return {"coding": [coding | ({"display": display} if display else {})]}


def quantity(value: Any, unit: str = "mg") -> Resource:
    """A Quantity in a UCUM unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def patient(**elements: Any) -> Resource:
    """A person."""
    base: Resource = {"name": [{"family": "Okafor", "given": ["Amara"]}], "gender": "female"}
    return {"resourceType": "Patient", **base, **elements}


def encounter(subject: str, **elements: Any) -> Resource:
    """A visit."""
    base: Resource = {
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": subject},
    }
    return {"resourceType": "Encounter", **base, **elements}


def observation(subject: str | None = None, **elements: Any) -> Resource:
    """A measurement."""
    base: Resource = {"status": "final", "code": concept(LOINC, "29463-7", "Body weight")}
    if subject is not None:
        base["subject"] = {"reference": subject}
    return {"resourceType": "Observation", **base, **elements}


def condition(subject: str, **elements: Any) -> Resource:
    """A problem."""
    base: Resource = {"subject": {"reference": subject}, "code": {"text": "Low back pain"}}
    return {"resourceType": "Condition", **base, **elements}


def care_plan(subject: str, **elements: Any) -> Resource:
    """A plan that is not ours: plain R4."""
    base: Resource = {"status": "draft", "intent": "plan", "subject": {"reference": subject}}
    return {"resourceType": "CarePlan", **base, **elements}


def risk_assessment(subject: str, *probabilities: Any) -> Resource:
    """A prediction for each probability."""
    predictions = [{"probabilityDecimal": probability} for probability in probabilities]
    made: Resource = {
        "resourceType": "RiskAssessment",
        "status": "final",
        "subject": {"reference": subject},
    }
    return made | ({"prediction": predictions} if predictions else {})


def value_set(url: str | None = None, **elements: Any) -> Resource:
    """A value set, found by its url."""
    base: Resource = {"status": "draft"} | ({"url": url} if url else {})
    return {"resourceType": "ValueSet", **base, **elements}


def bundle(kind: str, *entries: Resource) -> Resource:
    """A Bundle of this type."""
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method: str, url: str, resource: Resource | None = None, **request: Any) -> Resource:
    """A Bundle entry; `fullUrl` may be given among the request's elements."""
    full_url = request.pop("fullUrl", None)
    made: Resource = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        made["resource"] = resource
    return made | ({"fullUrl": full_url} if full_url else {})


MINIMAL: dict[str, Callable[[str], Resource]] = {
    "Patient": lambda _: patient(),
    "Encounter": encounter,
    "Observation": observation,
    "Condition": condition,
    "CarePlan": care_plan,
    "RiskAssessment": risk_assessment,
    "ValueSet": lambda _: value_set(),
}


def minimal(resource_type: str, subject: str) -> Resource:
    """The smallest valid resource of the type, about this subject where it has one."""
    return MINIMAL[resource_type](subject)
