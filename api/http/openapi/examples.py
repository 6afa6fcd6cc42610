"""The examples of the document: those of the project's `examples` folder, and small ones here.

The four types of the story are read from `examples/`, where people and the demo clinic use them
too; the ids that reads and `$plan` are shown with are those of the demo clinic. What the examples
write has ids of its own, so that trying them out never changes the demo.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from api.clinic.canonical import Canonical
from api.clinic.plan import plan_id

Example: TypeAlias = dict[str, Any]

EXAMPLES = Path(__file__).parents[3] / "examples"
OWN = Path(__file__).parent / "examples.json"
ANSWERS = Path(__file__).parent / "answers.json"

DEMO = EXAMPLES / "demo" / "bundle.json"
# resource type → (file in `examples/`, id that the example is written under)
STORY: Mapping[str, tuple[str, str]] = {
    "Patient": ("patient.json", "my-runner"),
    "Encounter": ("encounter.json", "my-visit"),
    "Assessment": ("assessment.json", "my-assessment"),
    "CarePlan": ("care-plan.json", "my-plan"),
}
DEGREES = {"unit": "deg", "system": "http://unitsofmeasure.org", "code": "deg"}
HIP_EXTENSION = [
    {"linkId": "mo.hip-extension.L", "answer": [{"valueQuantity": {"value": 4, **DEGREES}}]},
    {"linkId": "mo.hip-extension.R", "answer": [{"valueQuantity": {"value": 13, **DEGREES}}]},
]
TWO_MEASUREMENTS = {"resourceType": "Assessment", "item": HIP_EXTENSION}
PLAN_FROM = {
    "resourceType": "Parameters",
    "parameter": [{"name": "start", "valueDate": "2026-11-23"}],
}
OUTLINE = (
    "resourceType", "id", "meta", "status", "intent", "lifecycleStatus", "class", "name", "title",
    "code", "description", "subject", "patient", "beneficiary", "payor", "content", "participant",
)  # fmt: skip
# Searches that stand filled in with the demo's runner; Patient is searched by name.
BY_RUNNER = ("Encounter", "Assessment", "CarePlan", "Observation", "Goal")


def resource(resource_type: str) -> Example:
    """Give the example of a type, with the id that an update writes it under."""
    if resource_type not in STORY:
        return dict(_own()[resource_type])
    file, written_id = STORY[resource_type]
    found = json.loads((EXAMPLES / file).read_text(encoding="utf-8"))
    head = {"resourceType": resource_type, "id": written_id}
    return {**head, **{name: value for name, value in found.items() if name not in head}}


def read_id(resource_type: str) -> str:
    """Give an id that can be read: the demo clinic's, or the one that the update above wrote."""
    in_demo = _demo_ids().get(resource_type)
    return in_demo or str(resource(resource_type)["id"])


def search(resource_type: str) -> Mapping[str, str]:
    """Give the search parameters that stand filled in."""
    if resource_type == "Patient":
        return {"family": _demo_first("Patient")["name"][0]["family"]}
    if resource_type in BY_RUNNER:
        return {"patient": f"Patient/{read_id('Patient')}"}
    return {}


def answer(resource_type: str) -> Example:
    """Give the example of a type as the server answers it: with meta, and with what it worked out.

    The checklist of an Assessment is shortened to two answers, so that the evaluation can be seen.
    """
    found = resource(resource_type)
    meta = {"versionId": "1", "lastUpdated": "2026-11-22T02:15:39.123Z"}
    head = {"resourceType": resource_type, "id": found["id"], "meta": meta}
    rest = {name: value for name, value in found.items() if name not in head}
    if resource_type == "Assessment":
        rest |= {"item": HIP_EXTENSION, "evaluation": _answers()["evaluation"]}
    return {**head, **rest}


def draft() -> Example:
    """Give what `$plan` answers, shortened."""
    plan: Example = _answers()["plan"]
    return plan


def outline(resource_type: str) -> Example:
    """Give what is shown of a resource within a Bundle: what names it, whom it is about."""
    shown = answer(resource_type) | {"id": read_id(resource_type)}
    return {name: value for name, value in shown.items() if name in OUTLINE}


def components(resource_types: Iterable[str]) -> dict[str, Any]:
    """Give `components.examples`: what creates each type, what updates it, what comes back."""
    found: dict[str, Any] = {}
    for name in resource_types:
        body, back = resource(name), answer(name)
        short = " (checklist shortened)" if name == "Assessment" else ""
        found[f"{name}.new"] = {"summary": f"A new {name}", "value": _without_id(body)}
        found[name] = {"summary": f"{name} {body['id']}", "value": body}
        found[f"{name}.answer"] = {"summary": f"{name} {back['id']}{short}", "value": back}
    found["draft"] = {"summary": "A draft (activities shortened)", "value": draft()}
    return found


def transaction() -> Example:
    """Give a transaction that registers a runner and opens a visit, linked by `fullUrl`."""
    runner = "urn:uuid:0f6f3a4e-5d0b-4a53-9a0f-9f3d8f6f1c01"
    visit = "urn:uuid:0f6f3a4e-5d0b-4a53-9a0f-9f3d8f6f1c02"
    encounter = {**_without_id(resource("Encounter")), "subject": {"reference": runner}}
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            _post(runner, _without_id(resource("Patient"))),
            _post(visit, encounter),
        ],
    }


def _post(full_url: str, created: Example) -> Example:
    request = {"method": "POST", "url": created["resourceType"]}
    return {"fullUrl": full_url, "resource": created, "request": request}


def _without_id(example: Example) -> Example:
    return {name: value for name, value in example.items() if name != "id"}


@cache
def _own() -> Mapping[str, Example]:
    text = OWN.read_text(encoding="utf-8").replace("$runner", _demo_ids()["Patient"])
    found: Mapping[str, Example] = json.loads(text)
    return found


@cache
def _answers() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(ANSWERS.read_text(encoding="utf-8"))
    return found


@cache
def _demo() -> list[Example]:
    bundle = json.loads(DEMO.read_text(encoding="utf-8"))
    return [entry["resource"] for entry in bundle["entry"]]


def _demo_first(resource_type: str) -> Example:
    return next(each for each in _demo() if each["resourceType"] == resource_type)


@cache
def _demo_ids() -> Mapping[str, str]:
    """Give the first resource of each type in the demo, and the plan of its first assessment."""
    ids: dict[str, str] = {}
    for each in _demo():
        ids.setdefault(each["resourceType"], each["id"])
    version = f"Assessment/{ids['Assessment']}/_history/1"
    return {**ids, "CarePlan": plan_id(version, Canonical())}
