import pytest

from api.fhir import definitions
from api.fhir.definitions import element, elements


def test_an_element_says_what_r4_says_of_it() -> None:
    gender = element("Patient", "gender")
    assert gender is not None
    assert (gender.type, gender.minimum, gender.maximum, gender.is_array) == ("code", 0, 1, False)
    assert gender.binding == ("http://hl7.org/fhir/administrative-gender",)


def test_a_backbone_element_is_a_type_of_its_own() -> None:
    contact = element("Patient", "contact")
    assert contact is not None
    assert contact.type == "Patient.contact"
    assert contact.is_array
    assert element("Patient.contact", "name") is not None


def test_an_element_defined_by_another_has_its_type() -> None:
    item = element("Questionnaire.item", "item")
    assert item is not None
    assert item.type == "Questionnaire.item"


def test_a_choice_has_one_element_for_each_spelling() -> None:
    quantity = element("Observation", "valueQuantity")
    assert quantity is not None
    assert (quantity.type, quantity.choice_of) == ("Quantity", "value")
    assert element("Observation", "value") is None
    assert element("Observation", "valueMoney") is None


def test_targets_of_a_reference_are_named_and_none_means_any() -> None:
    subject = element("Encounter", "subject")
    focus = element("Observation", "focus")
    assert subject is not None
    assert focus is not None
    assert subject.targets == ("Group", "Patient")
    assert focus.targets == ()


def test_ids_of_resources_and_elements_differ() -> None:
    assert elements("Patient")["id"].type == "id"
    assert elements("HumanName")["id"].type == "string"
    assert elements("Extension")["url"].type == "uri"


def test_every_type_that_an_element_names_is_known() -> None:
    waiting = ["Assessment", *definitions.resource_types()]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name == "Resource":
            continue
        seen.add(name)
        waiting += [each.type for each in elements(name).values() if not each.is_primitive]
    assert len(seen) > 500


def test_146_types_of_r4_are_served_but_for_the_20_named() -> None:
    served = definitions.resource_types().keys() - {"Assessment"}
    assert len(served) == 126
    assert len(definitions.types_not_served()) == 20
    assert "EvidenceVariable" in definitions.types_not_served()


def test_the_codes_of_a_required_binding_are_listed() -> None:
    codes = definitions.codes("http://hl7.org/fhir/ValueSet/administrative-gender")
    assert codes == {
        "http://hl7.org/fhir/administrative-gender": frozenset(
            ("male", "female", "other", "unknown")
        )
    }
    assert definitions.codes("http://hl7.org/fhir/ValueSet/mimetypes") is None


def test_a_code_tells_its_system() -> None:
    value_set = "http://hl7.org/fhir/ValueSet/administrative-gender"
    assert definitions.system_of(value_set, "male") == "http://hl7.org/fhir/administrative-gender"
    assert definitions.system_of(value_set, "M") is None


def test_an_unknown_type_is_an_error() -> None:
    assert not definitions.is_known("Runner")
    with pytest.raises(KeyError):
        elements("Runner")


def test_the_compartment_of_a_patient_includes_assessments() -> None:
    compartment = definitions.patient_compartment()
    assert compartment["Observation"] == ("subject", "performer")
    assert compartment["Assessment"] == ("subject",)
