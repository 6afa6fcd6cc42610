"""JSON Patch (RFC 6902) and FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html) on trees."""

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fhir.element_path import PathError, find
from api.fhir.element_tree import Element
from api.fhir.fhirpath_patch import apply_fhirpath_patch
from api.fhir.json_patch import apply_json_patch, equal_values
from api.fhir.lexical import parse, serialize
from api.fhir.outcome import Failure, FailureKind

DATA = Path(__file__).parents[2] / "data"
JSON_CASES = json.loads((DATA / "patch" / "json-patch.json").read_bytes())
FHIRPATH_CASES = json.loads((DATA / "patch" / "fhirpath-patch.json").read_bytes())
EXAMPLES = sorted((DATA / "r4-examples").glob("*/*.json"))


@pytest.mark.parametrize("case", JSON_CASES, ids=lambda case: case["comment"])
def test_a_published_case_of_json_patch(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(Failure):
            apply_json_patch(case["doc"], case["patch"])
    else:
        assert apply_json_patch(case["doc"], case["patch"]) == case["expected"]


@pytest.mark.parametrize("case", FHIRPATH_CASES, ids=lambda case: case["name"])
def test_a_published_case_of_fhirpath_patch(case: dict[str, Any]) -> None:
    before = copy.deepcopy(case["input"])
    if "error" in case:
        with pytest.raises(Failure) as refused:
            apply_fhirpath_patch(case["input"], case["diff"])
        assert refused.value.kind is FailureKind.UNPROCESSABLE
    else:
        assert apply_fhirpath_patch(case["input"], case["diff"]) == case["output"]
    assert case["input"] == before


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_the_same_json_after_the_tree(path: Path) -> None:
    resource = parse(path.read_bytes())
    assert isinstance(resource, dict)
    written = Element.of_resource(resource).as_json()
    assert json.loads(serialize(written)) == json.loads(serialize(resource))


PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "active": True,
    "name": [
        {"use": "official", "family": "Okafor", "given": ["Amara", "Ada"]},
        {"use": "nickname", "given": ["Ama"]},
    ],
    "birthDate": "1990-03-02",
    "_birthDate": {"extension": [{"url": "urn:time", "valueString": "noon"}]},
    "multipleBirthInteger": 2,
    "contact": [{"gender": "male"}, {"gender": "female", "name": {"family": "O'Neil"}}],
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("Patient.birthDate", ["1990-03-02"]),
        ("birthDate", ["1990-03-02"]),
        ("Patient.name.given", ["Amara", "Ada", "Ama"]),
        ("Patient.name.given[1]", ["Ada"]),
        ("Patient.name[0].given[1]", ["Ada"]),
        ("Patient.name.where(use = 'official').given.first()", ["Amara"]),
        ("Patient.name.where(use != 'official').given", ["Ama"]),
        ("Patient.name.where(given.exists($this = 'Ama')).use", ["nickname"]),
        ("Patient.name.where(family.empty()).given.last()", ["Ama"]),
        ("Patient.name.where(use = 'official' and family.startsWith('Ok')).use", ["official"]),
        ("Patient.name.where(use in ('old' | 'nickname')).use", ["nickname"]),
        ("Patient.name.skip(1).use", ["nickname"]),
        ("(Patient.name | Patient.contact.name).family", ["Okafor", "O'Neil"]),
        ("Patient.birthDate.extension('urn:time').value", ["noon"]),
        ("Patient.birthDate.extension.where(url = 'urn:time').value.ofType(string)", ["noon"]),
        ("Patient.multipleBirth", [2]),
        ("(Patient.multipleBirth as integer)", [2]),
        ("Patient.multipleBirth.ofType(boolean)", []),
        ("Patient.contact.where(name.family = 'O\\'Neil').gender", ["female"]),
        ("Patient.contact.where(gender = 'male' or name.exists()).gender", ["male", "female"]),
        ("Patient.contact.where(name.exists().not()).gender", ["male"]),
        ("Patient.where(active).birthDate", ["1990-03-02"]),
        ("Patient.where(active = 1).birthDate", []),
        ("Patient.where(multipleBirth = 2.0).birthDate", ["1990-03-02"]),
        ("Patient.where(multipleBirth >= 3).birthDate", []),
        ("Patient.where(birthDate < @1991-01-01).active", [True]),
        ("Patient.where(birthDate < 3).active", []),
        ("Observation.status", []),
        ("Patient.nothing.at.all", []),
    ],
)
def test_a_path_leads_to_its_elements(path: str, values: list[Any]) -> None:
    assert [each.value for each in find(path, Element.of_resource(PATIENT))] == values


@pytest.mark.parametrize(
    "path",
    ["", "Patient.", "Patient..name", "Patient.name[", "Patient.name[x]", "Patient.name.where()",
     "Patient.name.where(use = )", "Patient.matches('(a+)+')", "Patient.resolve()", "a b", "'",
     "Patient.name)", "(" * 50 + "a" + ")" * 50, "a." * 1500 + "a", "%resource.name", "Patient.1"],
)  # fmt: skip
def test_a_path_that_cannot_be_read_says_so(path: str) -> None:
    with pytest.raises(PathError):
        find(path, Element.of_resource(PATIENT))


@given(st.text(alphabet="Patient.name()[]'0 =|where$this&<>!~", max_size=60))
def test_any_text_is_a_path_or_refused(path: str) -> None:
    with suppress(PathError):
        assert isinstance(find(path, Element.of_resource(PATIENT)), list)


def test_what_a_remove_leaves_empty_disappears() -> None:
    resource = {"resourceType": "Patient", "contact": [{"name": {"text": "x"}}], "active": True}
    patch: Any = [{"op": "remove", "path": "/contact/0/name/text"}]
    assert apply_json_patch(resource, patch) == {"resourceType": "Patient", "active": True}


def test_a_primitive_is_deleted_with_its_extensions() -> None:
    diff = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "delete"},
                    {"name": "path", "valueString": "Patient.birthDate"},
                ],
            }
        ],
    }
    patched = apply_fhirpath_patch(PATIENT, diff)
    assert patched == {key: each for key, each in PATIENT.items() if "birthDate" not in key}


def test_copying_cannot_make_a_resource_grow_without_end() -> None:
    resource = {"resourceType": "Basic", "a": ["x" * 10]}
    doubling: Any = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 200
    with pytest.raises(Failure) as refused:
        apply_json_patch(resource, doubling)
    assert refused.value.kind in {FailureKind.TOO_LARGE, FailureKind.UNPROCESSABLE}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (b"1", b"1.0", True), (b"1e2", b"100", True), (b"1", b"true", False),
        (b"0", b"false", False), (b'"1"', b"1", False), (b"[1,2]", b"[2,1]", False),
        (b'{"a":1,"b":[]}', b'{"b":[],"a":1.00}', True), (b"null", b"false", False),
    ],
)  # fmt: skip
def test_values_are_compared_as_json_patch_says(one: bytes, other: bytes, equal: bool) -> None:  # noqa: FBT001 - a table
    assert equal_values(parse(one), parse(other)) is equal
