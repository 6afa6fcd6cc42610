"""Profiles of R4 and AU Core: what conforms, and what is said of what does not."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from api.fhir import validation
from api.fhir.lexical import Resource, parse
from api.fhir.profiles import conformance
from api.fhir.profiles.elements import Value
from api.fhir.profiles.extension_shape import shape_of
from api.fhir.profiles.published import published_profile, published_urls
from api.fhir.validating import all_issues, is_error, profile_issues

EXAMPLES = Path(__file__).parents[2] / "data" / "au-core-examples"
FILES = sorted(EXAMPLES.glob("*.json"))
STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
AU_CORE = "http://hl7.org.au/fhir/core/StructureDefinition/"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"

Change: TypeAlias = Callable[[Resource], Any]


def example(name: str) -> Resource:
    resource = parse((EXAMPLES / f"{name}.json").read_bytes())
    assert isinstance(resource, dict)
    return resource


def errors(resource: Resource, url: str) -> list[tuple[str, str]]:
    return [
        (each.code, each.expression[0])
        for each in profile_issues(resource, url)
        if each.severity == "error"
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_of_au_core_conforms_to_what_it_claims(file: Path) -> None:
    resource = example(file.stem)
    (url,) = resource["meta"]["profile"]
    assert published_profile(url) is not None
    found = all_issues(resource, resource["resourceType"])
    assert [each for each in found if is_error(each)] == []


def without(*path: str) -> Change:
    def change(resource: Resource) -> None:
        for step in path[:-1]:
            resource = resource[step]
        del resource[path[-1]]

    return change


def having(**elements: Any) -> Change:
    return lambda resource: resource.update(elements)


# Example, what is done to it, and the error that it must then give.
BROKEN: dict[str, tuple[str, Change, tuple[str, str]]] = {
    "a missing element": (
        "Patient-wang-li",
        without("identifier"),
        ("required", "Patient.identifier"),
    ),
    "a rule of the profile": (
        "Patient-wang-li",
        without("name"),
        ("invariant", "Patient"),
    ),
    "a missing slice": (
        "Observation-bloodpressure-1",
        lambda resource: resource["component"].pop(0),
        ("required", "Observation.component"),
    ),
    "a missing category": (
        "Observation-heartrate-1",
        without("category"),
        ("required", "Observation.category"),
    ),
    "another category": (
        "Observation-heartrate-1",
        lambda resource: resource["category"][0]["coding"][0].update(code="laboratory"),
        ("required", "Observation.category"),
    ),
    "another code": (
        "Observation-heartrate-1",
        lambda resource: resource["code"]["coding"][0].update(code="8302-2"),
        ("required", "Observation.code.coding"),
    ),
    "a fixed unit": (
        "Observation-bodyweight-1",
        lambda resource: resource["valueQuantity"].update(system="http://example.org/units"),
        ("value", "Observation.valueQuantity.system"),
    ),
    "a type that is not in the choice": (
        "Observation-bodyweight-1",
        lambda resource: resource.update(valueString=str(resource.pop("valueQuantity")["unit"])),
        ("structure", "Observation.valueString"),
    ),
    "a target that is not in the profile": (
        "Observation-heartrate-1",
        having(subject={"reference": "Location/1"}),
        ("business-rule", "Observation.subject"),
    ),
    "a rule about a date": (
        "Observation-heartrate-1",
        having(effectiveDateTime="2020"),
        ("invariant", "Observation.effectiveDateTime"),
    ),
}


@pytest.mark.parametrize(("name", "change", "error"), BROKEN.values(), ids=BROKEN.keys())
def test_what_breaks_a_profile_is_named(name: str, change: Change, error: tuple[str, str]) -> None:
    resource = example(name)
    (url,) = resource["meta"]["profile"]
    broken = copy.deepcopy(resource)
    change(broken)
    assert error in errors(broken, url)


def test_another_type_than_the_profile_s_is_an_error() -> None:
    patient = {"resourceType": "Patient", "active": True}
    assert errors(patient, f"{STRUCTURE}bodyweight") == [("structure", "Patient.meta.profile")]


def test_the_type_itself_may_be_claimed() -> None:
    patient = {"resourceType": "Patient", "meta": {"profile": [f"{STRUCTURE}Patient"]}}
    assert errors(patient, f"{STRUCTURE}Patient") == []


def test_a_version_behind_the_profile_is_no_other_profile() -> None:
    patient = {"resourceType": "Patient", "active": True}
    plain = errors(patient, f"{AU_CORE}au-core-patient")
    assert plain
    assert errors(patient, f"{AU_CORE}au-core-patient|2.0.0") == plain


def test_every_rule_of_a_profile_is_compiled_or_asks_for_value_sets_elsewhere() -> None:
    not_compiled = {
        constraint[0]
        for url in published_urls()
        for constraint in _not_compiled(url)
        if "memberOf" not in constraint[3]
    }
    assert not_compiled == set()


def _not_compiled(url: str) -> list[tuple[str, str, str, str]]:
    profile = published_profile(url)
    assert profile is not None
    waiting, found = [profile.root], []
    while waiting:
        node = waiting.pop()
        waiting += [*node.children.values(), *node.slices]
        code = next(iter(sorted(node.type_codes)), profile.type_name)
        found += [
            each
            for each in node.constraints
            if conformance.compiled(each[3], code, profile.type_name) is None
        ]
    return found


BIRTH_PLACE = f"{STRUCTURE}patient-birthPlace"
NATIONALITY = f"{STRUCTURE}patient-nationality"
CODE = {"text": "x"}
EXTENSIONS: dict[str, tuple[Resource, list[str]]] = {
    "of the right type": ({"url": BIRTH_PLACE, "valueAddress": {"city": "x"}}, []),
    "of another type": (
        {"url": BIRTH_PLACE, "valueString": "x"},
        ["Patient.extension[0].valueString"],
    ),
    "with its parts": (
        {"url": NATIONALITY, "extension": [{"url": "code", "valueCodeableConcept": CODE}]},
        [],
    ),
    "with a part of another type": (
        {"url": NATIONALITY, "extension": [{"url": "code", "valueString": "x"}]},
        ["Patient.extension[0].extension[0].valueString"],
    ),
    "with a part too often": (
        {"url": NATIONALITY, "extension": [{"url": "code", "valueCodeableConcept": CODE}] * 2},
        ["Patient.extension[0].extension"],
    ),
    "with a value where parts belong": (
        {"url": NATIONALITY, "valueCodeableConcept": CODE},
        ["Patient.extension[0].value"],
    ),
    "that nobody published": ({"url": "http://example.org/x", "valueString": "x"}, []),
}


@pytest.mark.parametrize(("extension", "paths"), EXTENSIONS.values(), ids=EXTENSIONS.keys())
def test_an_extension_is_held_to_its_definition(extension: Resource, paths: list[str]) -> None:
    patient = {"resourceType": "Patient", "extension": [extension]}
    assert [each.path for each in validation.problems(patient, "Patient")] == paths


@pytest.mark.parametrize("extension", [each for each, _ in EXTENSIONS.values()])
def test_what_fits_the_shape_of_an_extension_conforms(extension: Resource) -> None:
    shape, profile = shape_of(extension["url"]), published_profile(extension["url"])
    if shape is None or profile is None:
        return
    value = Value(extension, "Extension", "Extension")
    found = [each for each in conformance.issues(value, profile, extension) if is_error(each)]
    assert shape.fits(extension) is (found == [])
