"""Builds the demo clinic and the examples from the worked cases: `python -m examples.demo.build`.

The demo is one transaction Bundle. Every resource is put under an id of its own, so that loading it
a second time changes nothing. All people in it are invented.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.checklist import checklist
from examples.demo.answers import known_item, sections

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "data" / "cases"
BUNDLE = Path(__file__).parent / "bundle.json"
EXAMPLES = ROOT / "examples"

ORGANIZATION = "demo-clinic"
PRACTITIONER = "demo-physiotherapist"
# Given name, family name and birthday of each runner; the year is the case's own.
RUNNERS: Mapping[str, tuple[str, str, str]] = {
    "case-01": ("Mara", "Quillfeather", "03-14"),
    "case-03": ("Tess", "Larkspur", "07-02"),
    "case-04": ("Owen", "Hartwell", "11-30"),
    "case-05": ("Jonas", "Whitlock", "05-21"),
    "case-06": ("Ines", "Calderwood", "09-09"),
}


def read_case(name: str) -> dict[str, Any]:
    """Read the worked case of this id."""
    path = next(CASES.glob(f"{name.removeprefix('case-')}-*.json"))
    case: dict[str, Any] = json.loads(path.read_text())
    return case


def organization() -> dict[str, Any]:
    """Return the clinic."""
    return {
        "resourceType": "Organization",
        "id": ORGANIZATION,
        "active": True,
        "name": "Two Bridges Running Clinic (demo)",
        "telecom": [{"system": "phone", "value": "+61 3 5550 0100", "use": "work"}],
        "address": [{"city": "Melbourne", "state": "VIC", "country": "AU"}],
    }


def practitioner() -> dict[str, Any]:
    """Return the physiotherapist."""
    return {
        "resourceType": "Practitioner",
        "id": PRACTITIONER,
        "active": True,
        "name": [{"family": "Ashdown", "given": ["Robin"], "suffix": ["APA"]}],
        "qualification": [{"code": {"text": "Physiotherapist"}}],
    }


def patient(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the runner of a case."""
    given, family, birthday = RUNNERS[case["id"]]
    return {
        "resourceType": "Patient",
        "id": runner_id(case),
        "identifier": [
            {"system": "https://two-bridges.example/runner", "value": case["id"].upper()}
        ],
        "active": True,
        "name": [{"use": "official", "family": family, "given": [given]}],
        "gender": case["patient"]["gender"],
        "birthDate": f"{case['patient']['birthYear']}-{birthday}",
        "managingOrganization": {"reference": f"Organization/{ORGANIZATION}"},
    }


def encounter(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first visit of a case, of sixty minutes."""
    day = case["assessmentDate"]
    return {
        "resourceType": "Encounter",
        "id": f"{runner_id(case)}-visit-1",
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "AMB",
            "display": "ambulatory",
        },
        "subject": {"reference": f"Patient/{runner_id(case)}"},
        "participant": [{"individual": {"reference": f"Practitioner/{PRACTITIONER}"}}],
        "period": {"start": f"{day}T09:00:00+11:00", "end": f"{day}T10:00:00+11:00"},
        "length": {
            "value": 60,
            "unit": "min",
            "system": "http://unitsofmeasure.org",
            "code": "min",
        },
        "reasonCode": [{"text": "Back pain when running"}],
        "serviceProvider": {"reference": f"Organization/{ORGANIZATION}"},
    }


def assessment(case: Mapping[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the completed assessment of a case's first visit."""
    return {
        "resourceType": "Assessment",
        "id": f"{runner_id(case)}-assessment-1",
        "status": "completed",
        "subject": {"reference": f"Patient/{runner_id(case)}"},
        "encounter": {"reference": f"Encounter/{runner_id(case)}-visit-1"},
        "effectiveDateTime": f"{case['assessmentDate']}T09:45:00+11:00",
        "performer": [{"reference": f"Practitioner/{PRACTITIONER}"}],
        "item": items,
    }


def runner_id(case: Mapping[str, Any]) -> str:
    """Return the Patient id of a case's runner: demo-runner-01."""
    return f"demo-runner-{case['id'].removeprefix('case-')}"


def bundle() -> dict[str, Any]:
    """Return the demo clinic as one transaction."""
    resources = [organization(), practitioner()]
    for name in RUNNERS:
        case = read_case(name)
        resources += [patient(case), encounter(case)]
        resources.append(assessment(case, sections(case["answers"])))
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [_entry(resource) for resource in resources],
    }


def _entry(resource: dict[str, Any]) -> dict[str, Any]:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url}}


def short_answers(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return only the answers that a complete checklist needs: what is optional is left out."""
    needed = {
        link_id: value
        for link_id, value in case["answers"].items()
        if known_item(link_id).required != "O"
    }
    stages = {child.name for child in checklist().groups["ga.stage"] if child.required != "O"}
    needed["ga.stage"] = [
        {name: value for name, value in stage.items() if name in stages}
        for stage in case["answers"]["ga.stage"][:2]
    ]
    return needed


def shortest_answers(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a first look holds: symptoms, every danger sign, and the leading measurements.

    The checklist is not complete so, and says what is missing; a plan may be drafted from it.
    """
    leading = ("mo.hip-extension.", "mo.thoracic-rotation.", "co.side-plank.")
    return {
        link_id: value
        for link_id, value in short_answers(case).items()
        if link_id.startswith(("sx.", "rf.", *leading))
    }


def care_plan() -> dict[str, Any]:
    """Return a small plan that is not of our making: an ordinary CarePlan."""
    return {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://snomed.info/sct",
                        "code": "773513001",
                        "display": "Physiotherapy care plan",
                    }
                ]
            }
        ],
        "title": "Back to parkrun",
        "subject": {"reference": "Patient/demo-runner-01"},
        "encounter": {"reference": "Encounter/demo-runner-01-visit-1"},
        "period": {"start": "2026-11-23", "end": "2027-01-18"},
        "author": {"reference": f"Practitioner/{PRACTITIONER}"},
        "activity": [
            {
                "detail": {
                    "kind": "ServiceRequest",
                    "code": {"text": "Easy run on flat ground"},
                    "status": "scheduled",
                    "scheduledTiming": {
                        "repeat": {"frequency": 3, "period": 1, "periodUnit": "wk"}
                    },
                    "description": "20 to 30 minutes, pain at most 2 of 10.",
                }
            }
        ],
    }


def examples() -> dict[str, dict[str, Any]]:
    """Return the examples by file name; each can be posted once the demo clinic is loaded."""
    case = read_case("case-01")
    found = {
        "patient.json": patient(case),
        "encounter.json": encounter(case),
        "assessment.json": assessment(case, _bare(short_answers(case))),
        "assessment-short.json": assessment(case, _bare(shortest_answers(case))),
        "care-plan.json": care_plan(),
    }
    return {name: _without_id(resource) for name, resource in found.items()}


def _bare(answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    return sections(answers, with_text=False)


def _without_id(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "id"}


def bundle_text() -> str:
    """Return the demo Bundle, one entry a line, so that a change can be read in a diff."""
    built = bundle()
    entries = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in built["entry"])
    return f'{{"resourceType": "Bundle", "type": "transaction", "entry": [\n{entries}\n]}}\n'


def main() -> None:
    """Write the Bundle and the examples."""
    BUNDLE.write_text(bundle_text())
    for name, resource in examples().items():
        (EXAMPLES / name).write_text(json.dumps(resource, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
