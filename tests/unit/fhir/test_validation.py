"""What the strict layer refuses, where it says so, and what it must let through."""

from typing import Any

import pytest

from api.fhir import validation
from api.fhir.outcome import FailureKind

CODE = {"text": "x"}
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": CODE}
EXTENSION = {"url": "http://example.org/e", "valueCode": "x"}
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **elements}


def observation(**elements: Any) -> dict[str, Any]:
    return {**OBSERVATION, **elements}


def found(resource: Any, resource_type: str = "") -> list[tuple[str, str]]:
    name = resource_type or resource["resourceType"]
    return [(each.path, each.code) for each in validation.problems(resource, name)]


def kinds(resource: dict[str, Any]) -> set[FailureKind]:
    return {each.kind for each in validation.problems(resource, resource["resourceType"])}


STRUCTURE = {
    "an unknown element": (patient(nmae=[{}]), "Patient.nmae", "structure"),
    "an element of R5": (observation(triggeredBy=[{}]), "Observation.triggeredBy", "structure"),
    "comments of old": (patient(fhir_comments=["x"]), "Patient.fhir_comments", "structure"),
    "a choice without its type": (observation(value="x"), "Observation.value", "structure"),
    "a type not in the choice": (observation(valueMoney={}), "Observation.valueMoney", "structure"),
    "two of a choice": (
        observation(valueString="x", valueInteger=1),
        "Observation.valueString",
        "structure",
    ),
    "two of a choice, one a sibling": (
        observation(valueInteger=1, _valueString={"extension": [EXTENSION]}),
        "Observation.valueString",
        "structure",
    ),
    "a missing element": (
        {"resourceType": "Observation", "code": CODE},
        "Observation.status",
        "required",
    ),
    "a missing choice": (
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "subject": {"display": "x"},
        },
        "MedicationRequest.medication",
        "required",
    ),
    "a scalar for an array": (patient(name={"text": "x"}), "Patient.name", "structure"),
    "an array for a scalar": (patient(active=[True]), "Patient.active", "structure"),
    "an array for an object": (patient(maritalStatus=[CODE]), "Patient.maritalStatus", "structure"),
    "a string for an object": (patient(name=["x"]), "Patient.name[0]", "structure"),
    "an empty array": (patient(name=[]), "Patient.name", "structure"),
    "an empty object": (patient(maritalStatus={}), "Patient.maritalStatus", "structure"),
    "an object with an id alone": (
        patient(maritalStatus={"id": "a"}),
        "Patient.maritalStatus",
        "structure",
    ),
    "an empty string": (patient(name=[{"text": ""}]), "Patient.name[0].text", "value"),
    "a blank string": (patient(name=[{"text": "  "}]), "Patient.name[0].text", "value"),
    "a string above 1 MB": (patient(name=[{"text": "x" * 2**21}]), "Patient.name[0].text", "value"),
    "null": (patient(gender=None), "Patient.gender", "structure"),
    "null for an object": (patient(name=[None]), "Patient.name[0]", "structure"),
    "null without a sibling": (
        patient(name=[{"given": ["a", None]}]),
        "Patient.name[0].given[1]",
        "structure",
    ),
    "null with null beside it": (
        patient(name=[{"given": ["a", None], "_given": [{"id": "x"}, None]}]),
        "Patient.name[0].given[1]",
        "structure",
    ),
    "a sibling of another length": (
        patient(name=[{"given": ["a"], "_given": [None, {"id": "x"}]}]),
        "Patient.name[0].given",
        "structure",
    ),
    "a sibling with an id alone": (
        patient(_birthDate={"id": "x"}),
        "Patient.birthDate",
        "structure",
    ),
    "a sibling of an object": (patient(_name=[{"id": "x"}]), "Patient._name", "structure"),
    "a sibling with other elements": (patient(_gender={"x": 1}), "Patient.gender.x", "structure"),
    "a boolean as string": (patient(active="true"), "Patient.active", "structure"),
    "a boolean as number": (patient(active=1), "Patient.active", "structure"),
    "a number as string": (
        observation(valueQuantity={"value": "1.10"}),
        "Observation.valueQuantity.value",
        "structure",
    ),
    "a boolean as number of births": (
        patient(multipleBirthInteger=True),
        "Patient.multipleBirthInteger",
        "structure",
    ),
    "an integer beyond 32 bits": (
        patient(multipleBirthInteger=2**31),
        "Patient.multipleBirthInteger",
        "value",
    ),
    "a positive integer of 0": (
        patient(telecom=[{"rank": 0}]),
        "Patient.telecom[0].rank",
        "value",
    ),
    "a date as number": (patient(birthDate=0), "Patient.birthDate", "structure"),
    "a type in lower case": ({"resourceType": "patient"}, "Patient.resourceType", "structure"),
    "a type in an array": ({"resourceType": ["Patient"]}, "Patient.resourceType", "structure"),
    "no type": ({"active": True}, "Patient.resourceType", "required"),
    "a system with spaces": (
        patient(identifier=[{"system": "a b"}]),
        "Patient.identifier[0].system",
        "value",
    ),
    "a contained type that is none": (
        patient(
            contained=[{"resourceType": "os.system", "id": "a"}],
            generalPractitioner=[{"reference": "#a"}],
        ),
        "Patient.contained[0].resourceType",
        "structure",
    ),
    "a currency that is none": (
        {
            "resourceType": "Invoice",
            "status": "draft",
            "totalNet": {"value": 1, "currency": "dollars"},
        },
        "Invoice.totalNet.currency",
        "value",
    ),
}


@pytest.mark.parametrize(("resource", "path", "code"), STRUCTURE.values(), ids=STRUCTURE.keys())
def test_a_broken_structure_is_named(resource: dict[str, Any], path: str, code: str) -> None:
    name = path.partition(".")[0]
    assert (path, code) in found(resource, name)
    assert {each.kind for each in validation.problems(resource, name)} == {FailureKind.INVALID}


@pytest.mark.parametrize("value", [None, [], "x", 5, True])
def test_what_is_no_object_is_no_resource(value: Any) -> None:
    assert found(value, "Patient") == [("Patient", "structure")]


IDS = ["a/b", "..", ".", ".a", "a b", "a%20", "a\n", "x" * 65, "", "😀", "a_b"]


@pytest.mark.parametrize("resource_id", IDS)
def test_an_id_outside_the_grammar_is_refused(resource_id: str) -> None:
    assert found(patient(id=resource_id)) == [("Patient.id", "value")]


DATES = {
    "0001": True, "9999-12-31": True, "2024-02-29": True, "2000-02-29": True, "1974-12": True,
    "0000": False, "10000": False, "1900-02-29": False, "2024-02-30": False, "2023-04-31": False,
    "2023-13": False, "1990-13-45": False, "2024-1-1": False, " 2024": False, "24-01-01": False,
    "2024-01-01\n": False, "2024-01-01T00:00:00Z": False, "not-a-date": False, "٢٠٢٤": False,
}  # fmt: skip


@pytest.mark.parametrize(("text", "is_valid"), DATES.items())
def test_dates_follow_the_calendar(text: str, is_valid: bool) -> None:  # noqa: FBT001
    assert (found(patient(birthDate=text)) == []) is is_valid


DATE_TIMES = {
    "2024-01-01": True, "2016-12-31T23:59:60Z": True, "2024-01-01T12:00:00+14:00": True,
    "2024-01-01T12:00:00-00:00": True, "2024-01-01T12:00:00.123456789Z": True,
    "2024-01-01T24:00:00Z": False, "2024-01-01T12:00Z": False, "2024-01-01T12:00:00": False,
    "2024-01-01T12:00:00+25:00": False, "2024-01-01t12:00:00z": False,
    "2023-02-29T12:00:00Z": False, "2024-01-01 12:00:00Z": False,
}  # fmt: skip


@pytest.mark.parametrize(("text", "is_valid"), DATE_TIMES.items())
def test_times_have_seconds_and_a_zone(text: str, is_valid: bool) -> None:  # noqa: FBT001
    assert (found(observation(effectiveDateTime=text)) == []) is is_valid


def test_an_instant_has_a_time() -> None:
    assert found(observation(issued="2024-01-01")) == [("Observation.issued", "value")]


BASE64 = {
    "YQ==": True, "YWJj": True, "YWJj YWJj": True, "!!!": False, "YQ": False, "YQ=": False,
    "YQ==YQ==": False, "": False, " ": False, "YW-_": False,
}  # fmt: skip


@pytest.mark.parametrize(("text", "is_valid"), BASE64.items())
def test_binary_data_is_whole_base64(text: str, is_valid: bool) -> None:  # noqa: FBT001
    assert (found(patient(photo=[{"data": text, "contentType": "image/png"}])) == []) is is_valid


def test_a_misspelt_element_is_answered_with_the_nearest_name() -> None:
    (problem,) = validation.problems(patient(birthdate="2000"), "Patient")
    assert "birthDate" in problem.diagnostics


def test_all_problems_are_found_at_once() -> None:
    broken = observation(
        status="bogus",
        component=[{"code": CODE}, {"code": CODE}, {"code": CODE, "valueQuantity": {"value": "5"}}],
        subject={"reference": "Foo/1"},
        nothing=1,
    )
    assert set(found(broken)) == {
        ("Observation.status", "code-invalid"),
        ("Observation.component[2].valueQuantity.value", "structure"),
        ("Observation.subject.reference", "value"),
        ("Observation.nothing", "structure"),
    }


def test_a_megabyte_of_nonsense_gets_a_short_answer() -> None:
    assert len(found(patient(**{f"x{count}": 1 for count in range(50_000)}))) == 100
    assert len(found(patient(name=[{"x": 1}] * 50_000))) == 100


def test_no_diagnostics_repeats_a_value() -> None:
    name = "Sparrow"
    broken = patient(
        gender=name,
        birthDate=name,
        active=name,
        name=[{"given": name}],
        link=[{"other": {"reference": name}, "type": name}],
        photo=[{"data": name + "-", "contentType": "x/y"}],
    )
    problems = validation.problems(broken, "Patient")
    assert len(problems) == 7
    assert not any(name in each.diagnostics + each.path for each in problems)


def test_resources_in_a_bundle_are_checked_each_by_itself() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": patient(gender="M")}, {"resource": {"resourceType": "Runner"}}],
    }
    assert found(bundle) == [
        ("Bundle.entry[0].resource.gender", "code-invalid"),
        ("Bundle.entry[1].resource.resourceType", "structure"),
    ]


def test_an_assessment_is_checked_like_any_resource() -> None:
    assessment = {
        "resourceType": "Assessment",
        "status": "done",
        "subject": {"reference": "Group/1"},
        "item": [{"linkId": "a", "answer": [{"valueCoding": {"code": "x"}, "valueInteger": 1}]}],
        "disposition": [{"redFlag": "RF-CES"}],
    }
    assert set(found(assessment)) == {
        ("Assessment.status", "code-invalid"),
        ("Assessment.subject.reference", "business-rule"),
        ("Assessment.item[0].answer[0].valueInteger", "structure"),
        ("Assessment.disposition[0].decision", "required"),
    }
