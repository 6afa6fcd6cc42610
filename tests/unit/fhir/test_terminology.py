"""Code systems and value sets: https://hl7.org/fhir/R4/terminology-module.html"""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from typing_extensions import override

from api.fhir import definitions
from api.fhir.outcome import Failure
from api.fhir.r4.cut_terminology import write_archive
from api.fhir.terminology.code_system import CodeSystem
from api.fhir.terminology.expansion import expand
from api.fhir.terminology.published import (
    ARCHIVE,
    published_code_system,
    published_value_set,
)


class Published:
    """The library of what HL7 publishes."""

    def code_system(self, url: str, version: str | None) -> CodeSystem | None:
        assert version is None or version
        return published_code_system(url)

    def value_set(self, url: str, version: str | None) -> dict[str, Any] | None:
        assert version is None or version
        return published_value_set(url)


BOUND = [
    "http://hl7.org/fhir/ValueSet/administrative-gender",
    "http://hl7.org/fhir/ValueSet/observation-status",
    "http://hl7.org/fhir/ValueSet/request-intent",
    "http://hl7.org/fhir/ValueSet/all-types",
    "http://hl7.org/fhir/ValueSet/FHIR-version",
]


@pytest.mark.parametrize("url", BOUND)
def test_an_expansion_has_the_codes_that_validation_takes(url: str) -> None:
    value_set = published_value_set(url)
    assert value_set is not None
    listed = definitions.codes(url)
    assert listed is not None
    expected = {(system, code) for system, codes in listed.items() for code in codes}
    assert {member.key for member in expand(value_set, Published())} == expected


def test_no_list_of_anothers_codes_is_in_the_archive() -> None:
    forbidden = {"http://snomed.info/sct", "http://loinc.org", "urn:iso:std:iso:3166"}
    with ZipFile(ARCHIVE) as archive:
        for name in archive.namelist():
            if name.startswith("ValueSet/"):
                compose = json.loads(archive.read(name)).get("compose", {})
                for part in (*compose.get("include", ()), *compose.get("exclude", ())):
                    assert part.get("system") not in forbidden or not part.get("concept"), name


def test_the_same_definitions_give_the_same_archive(tmp_path: Path) -> None:
    definition = {
        "resourceType": "CodeSystem", "id": "x", "url": "http://hl7.org/fhir/x",
        "text": {"div": "<div>x</div>"}, "concept": [{"code": "a", "extension": []}],
    }  # fmt: skip
    foreign = {**definition, "id": "y", "url": "http://loinc.org"}
    for name in ("one.zip", "two.zip"):
        write_archive(tmp_path / name, [definition, foreign])
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["index.json", "CodeSystem/x"]
        assert json.loads(archive.read("CodeSystem/x"))["concept"] == [{"code": "a"}]


def test_a_hierarchy_is_read_from_nesting_and_from_properties() -> None:
    def named(code: str, name: str, value: str) -> dict[str, Any]:
        return {"code": code, "property": [{"code": name, "valueCode": value}]}

    system = CodeSystem.of(
        {
            "url": "urn:x",
            "concept": [
                {"code": "top", "concept": [{"code": "nested"}]},
                named("by-parent", "parent", "top"),
                named("by-subsumption", "subsumedBy", "nested"),
                named("by-child", "child", "top"),
            ],
        }
    )
    assert set(system.descendants("top")) == {"nested", "by-parent", "by-subsumption"}
    assert set(system.ancestors("by-subsumption")) == {"nested", "top", "by-child"}
    assert system.subsumption("by-child", "by-subsumption") == "subsumes"


def test_a_hierarchy_that_goes_in_a_circle_ends() -> None:
    circle = [
        {"code": "a", "property": [{"code": "parent", "valueCode": "b"}]},
        {"code": "b", "property": [{"code": "parent", "valueCode": "a"}]},
    ]
    system = CodeSystem.of({"url": "urn:x", "concept": circle})
    assert system.descendants("a") == ["b"]
    assert system.ancestors("a") == ["b"]


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        ([{"property": "concept", "op": "is-a", "value": "b"}], ["b", "c"]),
        ([{"property": "concept", "op": "descendent-of", "value": "a"}], ["b", "c"]),
        ([{"property": "concept", "op": "is-not-a", "value": "b"}], ["a", "d"]),
        ([{"property": "concept", "op": "generalizes", "value": "c"}], ["a", "b", "c"]),
        ([{"property": "code", "op": "in", "value": "a, d"}], ["a", "d"]),
        ([{"property": "code", "op": "not-in", "value": "a,d"}], ["b", "c"]),
        ([{"property": "kind", "op": "=", "value": "soft"}], ["d"]),
        ([{"property": "kind", "op": "exists", "value": "false"}], ["a", "b", "c"]),
        ([{"property": "parent", "op": "=", "value": "b"}], ["c"]),
        ([{"property": "concept", "op": "is-a", "value": "a"},
          {"property": "concept", "op": "is-not-a", "value": "c"}], ["a", "b"]),
    ],
)  # fmt: skip
def test_filters_select(filters: list[Any], codes: list[str]) -> None:
    system = CodeSystem.of(
        {
            "url": "urn:x",
            "concept": [
                {"code": "a", "concept": [{"code": "b", "concept": [{"code": "c"}]}]},
                {"code": "d", "property": [{"code": "kind", "valueString": "soft"}]},
            ],
        }
    )

    class One(Published):
        @override
        def code_system(self, url: str, version: str | None) -> CodeSystem | None:
            assert (url, version) == ("urn:x", None)
            return system

    value_set = {"compose": {"include": [{"system": "urn:x", "filter": filters}]}}
    assert [member.code for member in expand(value_set, One())] == codes


def test_a_regular_expression_of_a_client_is_not_run() -> None:
    pattern = {"property": "code", "op": "regex", "value": "(a+)+"}
    system = "http://hl7.org/fhir/administrative-gender"
    value_set = {"compose": {"include": [{"system": system, "filter": [pattern]}]}}
    with pytest.raises(Failure, match="regex"):
        expand(value_set, Published())


def test_an_expansion_alone_is_taken_as_it_is() -> None:
    contains = [{"abstract": True, "code": "g", "contains": [{"system": "urn:x", "code": "a"}]}]
    value_set = {"expansion": {"contains": contains}}
    assert [member.key for member in expand(value_set, Published())] == [("urn:x", "a")]
