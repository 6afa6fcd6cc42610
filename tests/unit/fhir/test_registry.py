import pytest

from api.fhir.registry import FIRST_CLASS, registry


def test_the_four_types_of_the_clinic_come_first() -> None:
    names = list(registry().types)
    assert tuple(names[:4]) == FIRST_CLASS
    assert names[4:] == sorted(names[4:])


@pytest.mark.parametrize("name", ["Patient", "Binary", "Assessment"])
def test_every_type_can_be_searched_by_what_all_resources_have(name: str) -> None:
    common = {"_id", "_lastUpdated", "_profile", "_security", "_source", "_tag"}
    parameters = registry().types[name].search_parameters
    assert common <= parameters.keys()
    assert parameters["_id"].expression == f"{name}.id"


def test_parameters_is_known_and_not_stored() -> None:
    parameters = registry().get("Parameters")
    assert parameters is not None
    assert not parameters.is_stored
    assert not parameters.search_parameters


def test_a_type_that_is_not_served_is_not_known() -> None:
    assert registry().get("MedicinalProduct") is None
    assert registry().search_parameter("MedicinalProduct", "_id") is None


def test_an_expression_shared_by_types_keeps_only_the_part_of_this_one() -> None:
    code = registry().search_parameter("AllergyIntolerance", "code")
    assert code is not None
    assert code.expression == "AllergyIntolerance.code | AllergyIntolerance.reaction.substance"
    assert code.description == "Code that identifies the allergy or intolerance"


def test_every_expression_starts_at_its_type() -> None:
    for name, resource_type in registry().types.items():
        for parameter in resource_type.search_parameters.values():
            for branch in parameter.expression.split(" | "):
                assert branch.removeprefix("(").startswith(name), parameter.url


def test_a_narrowed_reference_names_its_target() -> None:
    patient = registry().search_parameter("Observation", "patient")
    assert patient is not None
    assert patient.targets == ("Patient",)


def test_a_composite_names_the_parameters_of_its_parts() -> None:
    composite = registry().search_parameter("Observation", "code-value-quantity")
    assert composite is not None
    assert [each.code for each in composite.components] == ["code", "value-quantity"]
    assert composite.components[1].expression == "value.as(Quantity)"


def test_assessment_has_the_search_parameters_of_its_contract() -> None:
    assessment = registry().types["Assessment"]
    own = {code for code in assessment.search_parameters if not code.startswith("_")}
    assert own == {
        "blocked",
        "date",
        "encounter",
        "finding",
        "identifier",
        "patient",
        "pattern",
        "performer",
        "red-flag",
        "run-status",
        "status",
        "subject",
    }
    assert assessment.is_logical
