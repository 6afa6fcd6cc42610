"""The scripts that cut invariants, advising bindings and profiles from HL7's packages."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from api.fhir.profiles import cut
from api.fhir.profiles.structure import profile_of
from api.fhir.r4.cut_bindings import bindings
from api.fhir.r4.cut_invariants import invariants

SIMPLE = "http://hl7.org/fhir/StructureDefinition/SimpleQuantity"


def rule(key: str, expression: str = "a.exists()") -> dict[str, str]:
    return {"key": key, "severity": "error", "human": f"{key} says so ", "expression": expression}


def structure(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"snapshot": {"element": list(elements)}}


PROFILES = {
    SIMPLE: {
        "kind": "complex-type",
        "type": "Quantity",
        "differential": {"element": [{"path": "Quantity", "constraint": [rule("sqty-1")]}]},
    }
}


def test_what_every_element_repeats_is_left_out() -> None:
    runner = structure(
        {"path": "Runner", "constraint": [rule("ele-1"), rule("dom-6"), rule("run-1")]},
        {"path": "Runner.gait", "constraint": [rule("ele-1"), rule("ext-1")]},
    )
    found = invariants([runner], {})
    assert found == {
        "DomainResource": [["dom-6", "error", "dom-6 says so", "a.exists()"]],
        "Runner": [["run-1", "error", "run-1 says so", "a.exists()"]],
    }


def test_a_rule_about_a_choice_stands_under_each_spelling() -> None:
    types = [{"code": "Quantity", "profile": [SIMPLE]}, {"code": "string"}]
    runner = structure({"path": "Runner.pace[x]", "type": types, "constraint": [rule("run-2")]})
    found = invariants([runner], PROFILES)
    assert {path: [row[0] for row in each] for path, each in found.items()} == {
        "Runner.paceQuantity": ["run-2", "sqty-1"],
        "Runner.paceString": ["run-2"],
    }


def test_only_bindings_that_advise_are_cut() -> None:
    def element(path: str, strength: str, code: str = "code") -> dict[str, Any]:
        binding = {"strength": strength, "valueSet": "http://example.org/v|4.0.1"}
        return {"path": path, "type": [{"code": code}], "binding": binding}

    runner = structure(
        element("Runner.shoe", "extensible"),
        element("Runner.surface[x]", "preferred", "CodeableConcept"),
        element("Runner.status", "required"),
        element("Runner.mood", "example"),
        element("Runner.name", "extensible", "string"),
    )
    assert bindings([runner]) == {
        "Runner": {
            "shoe": ["extensible", "http://example.org/v"],
            "surfaceCodeableConcept": ["preferred", "http://example.org/v"],
        }
    }


PROFILE = {
    "resourceType": "StructureDefinition",
    "id": "runner",
    "url": "http://example.org/StructureDefinition/runner",
    "name": "Runner",
    "type": "Patient",
    "derivation": "constraint",
    "snapshot": {
        "element": [
            {"id": "Patient", "min": 0, "max": "*", "base": {"min": 0, "max": "*"}},
            {
                "id": "Patient.active", "min": 0, "max": "1", "type": [{"code": "boolean"}],
                "base": {"path": "Patient.active", "min": 0, "max": "1"},
            },
            {
                "id": "Patient.name", "min": 1, "max": "*", "type": [{"code": "HumanName"}],
                "base": {"path": "Patient.name", "min": 0, "max": "*"},
                "slicing": {
                    "rules": "open", "discriminator": [{"type": "value", "path": "use"}],
                },
            },
            {
                "id": "Patient.name:official", "min": 1, "max": "1", "sliceName": "official",
                "type": [{"code": "HumanName"}],
                "base": {"path": "Patient.name", "min": 0, "max": "*"},
            },
            {
                "id": "Patient.name:official.use", "min": 1, "max": "1", "type": [{"code": "code"}],
                "base": {"path": "HumanName.use", "min": 0, "max": "1"}, "fixedCode": "official",
            },
        ]
    },
}  # fmt: skip


def package(directory: Path) -> Path:
    path = directory / "package.tgz"
    contents = {
        "package/StructureDefinition-runner.json": PROFILE,
        "package/StructureDefinition-base.json": {"resourceType": "StructureDefinition"},
        "package/other/StructureDefinition-x.json": PROFILE,
        "package/Patient-x.json": {"resourceType": "Patient"},
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            text = json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return path


def test_a_profile_keeps_what_it_asks_beyond_r4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut, "ARCHIVE", tmp_path / "profiles.zip")
    assert cut.main([str(package(tmp_path))]) == 0
    with ZipFile(tmp_path / "profiles.zip") as archive:
        assert json.loads(archive.read("index.json")) == {PROFILE["url"]: "runner"}
        profile = profile_of(json.loads(archive.read("runner")))
    assert list(profile.root.children) == ["name"]
    name = profile.root.children["name"]
    assert (name.minimum, name.maximum) == (1, None)
    (official,) = name.slices
    assert official.children["use"].fixed == "official"


def test_a_package_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cut.main([]) == 2
    assert "usage" in capsys.readouterr().err
