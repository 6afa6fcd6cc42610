"""FHIRPath as search parameters write it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fhir.path import ExpressionNotSupportedError, compile_path
from api.fhir.registry import registry

OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "contained": [{"resourceType": "Patient", "id": "inside"}],
    "extension": [
        {"url": "http://example.org/a", "valueString": "first"},
        {"url": "http://example.org/b", "valueCode": "second"},
    ],
    "status": "final",
    "code": {"coding": [{"code": "a"}, {"code": "b"}]},
    "subject": {"reference": "Patient/1"},
    "performer": [
        {"reference": "Practitioner/1/_history/2"},
        {"reference": "http://elsewhere.example.org/fhir/Practitioner/2"},
        {"reference": "Organization/1"},
        {"reference": "urn:uuid:3f6e8b52-9f5c-4a39-9f0c-2b9a3b1c0001", "type": "Practitioner"},
        {"reference": "#inside"},
        {"display": "somebody"},
    ],
    "effectivePeriod": {"start": "2026-03-02"},
    "valueQuantity": {"value": 4},
    "_issued": {"extension": [{"url": "http://example.org/unknown"}]},
    "component": [
        {"code": {"text": "x"}, "valueQuantity": {"value": 1}},
        {"code": {"text": "y"}, "valueString": "two"},
    ],
}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "name": [{"family": "Nurmi", "given": ["Paavo", None]}, {"given": ["Juho"]}],
    "telecom": [
        {"system": "phone", "value": "0412345678"},
        {"system": "email", "value": "paavo@example.org"},
    ],
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Observation.code.coding.code", [("a", "code"), ("b", "code")]),
        ("Observation.value", [({"value": 4}, "Quantity")]),
        ("(Observation.value as Quantity)", [({"value": 4}, "Quantity")]),
        ("Observation.value.as(Quantity).value", [(4, "decimal")]),
        ("Observation.value.ofType(string)", []),
        ("(Observation.component.value as string)", [("two", "string")]),
        ("Observation.value | Observation.component.value as string", [
            ({"value": 4}, "Quantity"), ("two", "string"),
        ]),
        ("Observation.effective", [({"start": "2026-03-02"}, "Period")]),
        ("Observation.issued", []),
        ("Observation.code.coding[1].code", [("b", "code")]),
        ("Observation.code.coding[5].code", []),
        ("Observation.component.where(code.text='y').value", [("two", "string")]),
        ("Observation.extension('http://example.org/b').value", [("second", "code")]),
        ("Observation.extension('http://example.org/none').value", []),
        ("Observation.subject.exists()", [(True, "boolean")]),
        ("Observation.encounter.exists()", [(False, "boolean")]),
        ("Observation.subject.exists() and Observation.status != 'final'", [(False, "boolean")]),
        ("Observation.status = 'final'", [(True, "boolean")]),
        ("Resource.status", [("final", "code")]),
    ],
)  # fmt: skip
def test_an_expression_selects_values_with_their_datatypes(
    expression: str, expected: list[tuple[Any, str]]
) -> None:
    found = compile_path(expression, "Observation").select(OBSERVATION)
    assert [(node.value, node.datatype) for node in found] == expected


def test_a_reference_says_its_type_by_url_by_declaration_or_by_what_is_contained() -> None:
    path = "Observation.performer.where(resolve() is {})"
    found = {
        name: [OBSERVATION["performer"].index(node.value) for node in nodes]
        for name in ("Practitioner", "Organization", "Patient", "Group")
        for nodes in (compile_path(path.format(name), "Observation").select(OBSERVATION),)
    }
    assert found == {"Practitioner": [0, 1, 3], "Organization": [2], "Patient": [4], "Group": []}


@pytest.mark.parametrize(
    ("deceased", "expected"),
    [
        ({}, False),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": True}, True),
        ({"deceasedDateTime": "2026"}, True),
    ],
)
def test_a_patient_has_died_unless_the_record_says_otherwise(
    deceased: dict[str, Any], *, expected: bool
) -> None:
    expression = "Patient.deceased.exists() and Patient.deceased != false"
    found = compile_path(expression, "Patient").select({**PATIENT, **deceased})
    assert [node.value for node in found] == [expected]


def test_where_chooses_by_a_code() -> None:
    path = compile_path("Patient.telecom.where(system='email')", "Patient")
    assert [node.value["value"] for node in path.select(PATIENT)] == ["paavo@example.org"]


def test_the_null_beside_an_extension_is_no_value() -> None:
    path = compile_path("Patient.name.given", "Patient")
    assert [node.value for node in path.select(PATIENT)] == ["Paavo", "Juho"]


def test_a_code_knows_the_value_set_it_is_bound_to() -> None:
    (status,) = compile_path("Observation.status", "Observation").select(OBSERVATION)
    assert status.value_set == "http://hl7.org/fhir/ValueSet/observation-status"


def test_every_search_parameter_that_is_served_compiles() -> None:
    refused = []
    for resource_type in registry().types.values():
        for parameter in resource_type.search_parameters.values():
            try:
                compile_path(parameter.expression, resource_type.name)
            except ExpressionNotSupportedError as error:
                refused.append(f"{resource_type.name}.{parameter.code}: {error}")
    assert refused == []


@pytest.mark.parametrize(
    "expression",
    [
        "", "Observation.", "Observation.nothing", "Observation.value as", "Observation.status(",
        "Observation.status.first()", "Observation.code[a]", "Observation.status = final",
        "Observation.status and", "Patient.name", "Observation.status + 1", "'text'",
    ],
)  # fmt: skip
def test_an_expression_outside_the_subset_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionNotSupportedError):
        compile_path(expression, "Observation")


@given(st.text(alphabet="Observation.statuscode()[]|'=! 019asofType", max_size=40))
def test_any_text_compiles_or_is_refused(expression: str) -> None:
    try:
        compile_path.__wrapped__(expression, "Observation")
    except ExpressionNotSupportedError:
        return
