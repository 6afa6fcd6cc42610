"""Rules beyond the shape of one element: references, bindings, extensions, contained resources."""

from typing import Any

import pytest

from api.fhir import validation
from api.fhir.lexical import LexicalDecimal
from api.fhir.outcome import FailureKind
from tests.unit.fhir.test_validation import CODE, EXTENSION, found, kinds, observation, patient

CONTAINED_PATIENT = {"resourceType": "Patient", "id": "a", "active": True}
LINK_TO_CONTAINED = [{"type": "seealso", "other": {"reference": "#a"}}]
ENDPOINT = {
    "resourceType": "Endpoint",
    "id": "a",
    "status": "off",
    "connectionType": {"code": "x"},
    "payloadType": [CODE],
    "address": "http://example.org",
}
POINTING_BACK = {
    "resourceType": "Provenance",
    "target": [{"reference": "#"}],
    "recorded": "2000-01-01T00:00:00Z",
    "agent": [{"who": {"reference": "#a"}}],
}
OWN_EXTENSION = "https://runspine.example.org/fhir/StructureDefinition/x"

REFERENCES = {
    "Patient/1": True, "Patient/1/_history/2": True, "https://example.org/fhir/Patient/1": True,
    "urn:uuid:c757873d-ec9a-4326-a141-556f43239520": True, "urn:oid:1.2.3": True,
    "Foo/1": False, "Patient/": False, "Patient/a/b": False, "../Patient/1": False,
    "Patient/1?x": False, "Patient?name=x": False, "javascript:alert(1)": False, "Patient": False,
    "/Patient/1": False, "patient/1": False, "https://x.org/" + "a" * 8000: False, "a b": False,
}  # fmt: skip


@pytest.mark.parametrize(("text", "is_valid"), REFERENCES.items())
def test_references_follow_their_grammar(text: str, is_valid: bool) -> None:  # noqa: FBT001
    problems = found(observation(subject={"reference": text}))
    assert problems == ([] if is_valid else [("Observation.subject.reference", "value")])


RULES = {
    "a code outside a required value set": (patient(gender="M"), "Patient.gender", "code-invalid"),
    "a concept outside one": (
        {
            "resourceType": "Condition",
            "subject": {"display": "x"},
            "clinicalStatus": {"coding": [{"code": "active"}]},
        },
        "Condition.clinicalStatus.coding",
        "code-invalid",
    ),
    "a wrong target": (
        observation(subject={"reference": "Practitioner/1"}),
        "Observation.subject.reference",
        "business-rule",
    ),
    "a wrong target by its type": (
        observation(subject={"type": "Practitioner", "display": "x"}),
        "Observation.subject.type",
        "business-rule",
    ),
    "a type that is not the target's": (
        observation(subject={"reference": "Patient/1", "type": "Group"}),
        "Observation.subject.type",
        "business-rule",
    ),
    "a wrong contained target": (
        observation(contained=[ENDPOINT], subject={"reference": "#a"}),
        "Observation.subject.reference",
        "business-rule",
    ),
    "a fragment that leads nowhere": (
        observation(subject={"reference": "#missing"}),
        "Observation.subject.reference",
        "not-found",
    ),
    "a contained resource that nothing needs": (
        patient(contained=[CONTAINED_PATIENT]),
        "Patient.contained[0]",
        "invariant",
    ),
    "contained in contained": (
        patient(
            contained=[{**CONTAINED_PATIENT, "contained": [CONTAINED_PATIENT]}],
            link=LINK_TO_CONTAINED,
        ),
        "Patient.contained[0].contained",
        "invariant",
    ),
    "a version of a contained resource": (
        patient(
            contained=[{**CONTAINED_PATIENT, "meta": {"versionId": "1"}}],
            link=LINK_TO_CONTAINED,
        ),
        "Patient.contained[0].meta.versionId",
        "invariant",
    ),
    "two contained of one id": (
        patient(
            contained=[CONTAINED_PATIENT, CONTAINED_PATIENT],
            link=LINK_TO_CONTAINED,
        ),
        "Patient.contained[1].id",
        "invariant",
    ),
    "an extension without content": (
        patient(extension=[{"url": "http://example.org/e"}]),
        "Patient.extension[0]",
        "invariant",
    ),
    "an extension with both": (
        patient(extension=[{**EXTENSION, "extension": [EXTENSION]}]),
        "Patient.extension[0]",
        "invariant",
    ),
    "an unknown modifier extension": (
        patient(modifierExtension=[EXTENSION]),
        "Patient.modifierExtension[0].url",
        "extension",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("resource", "path", "code"), RULES.values(), ids=RULES.keys())
def test_a_broken_rule_is_named(resource: dict[str, Any], path: str, code: str) -> None:
    assert (path, code) in found(resource)
    assert kinds(resource) == {FailureKind.UNPROCESSABLE}


def test_an_extension_without_url_is_broken() -> None:
    assert ("Patient.extension[0].url", "required") in found(
        patient(extension=[{"valueCode": "x"}])
    )


VALID = {
    "a sibling alone": patient(_birthDate={"extension": [EXTENSION]}),
    "a sibling beside a value": patient(birthDate="2000", _birthDate={"id": "x"}),
    "a sibling in place of null": patient(
        name=[{"given": ["a", None], "_given": [None, {"extension": [EXTENSION]}]}]
    ),
    "siblings alone in an array": patient(name=[{"_given": [{"extension": [EXTENSION]}]}]),
    "a required element by its sibling": {
        "resourceType": "Questionnaire", "status": "draft",
        "item": [{"_linkId": {"extension": [EXTENSION]}, "type": "group", "item": [
            {"linkId": "a", "type": "string"},
        ]}],
    },
    "a required choice by its sibling": {
        "resourceType": "Immunization", "status": "completed", "vaccineCode": CODE,
        "patient": {"display": "x"}, "_occurrenceString": {"extension": [EXTENSION]},
    },
    "a negative zero": patient(multipleBirthInteger=LexicalDecimal("-0")),
    "a contained resource": patient(
        contained=[{"resourceType": "Organization", "id": "a", "name": "x"}],
        managingOrganization={"reference": "#a"},
    ),
    "a contained resource that points back": patient(
        contained=[
            CONTAINED_PATIENT,
            POINTING_BACK,
        ],
    ),
    "a contained resource named by a canonical": {
        "resourceType": "Questionnaire", "status": "draft",
        "contained": [{"resourceType": "ValueSet", "id": "v", "status": "draft"}],
        "item": [{"linkId": "1", "type": "choice", "answerValueSet": "#v"}],
    },
    "a nested extension": patient(extension=[{"url": "http://x.org", "extension": [EXTENSION]}]),
    "our own modifier extension": patient(
        modifierExtension=[{"url": OWN_EXTENSION, "valueBoolean": True}]
    ),
    "a reference by identifier": observation(
        subject={"type": "Patient", "identifier": {"value": "1"}}
    ),
    "a reference to a type not served": observation(focus=[{"reference": "SubstancePolymer/1"}]),
}  # fmt: skip


@pytest.mark.parametrize("resource", VALID.values(), ids=VALID.keys())
def test_valid_r4_passes(resource: dict[str, Any]) -> None:
    assert found(resource) == []


def test_a_target_that_r4_does_not_name_can_be_allowed() -> None:
    resource = observation(performer=[{"reference": "Encounter/1"}])
    assert found(resource)
    assert validation.problems(resource, "Observation", any_target=True) == []
