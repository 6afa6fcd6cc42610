"""The script that cuts the data of `api/fhir/r4` from HL7's package."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from api.fhir.r4 import cut

STRUCTURE = {
    "resourceType": "StructureDefinition",
    "name": "Runner",
    "url": "http://example.org/StructureDefinition/Runner",
    "kind": "resource",
    "abstract": False,
    "derivation": "specialization",
    "snapshot": {
        "element": [
            {"path": "Runner", "min": 0, "max": "*", "base": {"path": "Runner"}},
            {
                "path": "Runner.gait",
                "min": 1,
                "max": "*",
                "base": {"path": "Runner.gait"},
                "type": [{"code": "BackboneElement"}],
            },
            {
                "path": "Runner.gait.value[x]",
                "min": 0,
                "max": "1",
                "base": {"path": "Runner.gait.value[x]"},
                "type": [{"code": "string"}, {"code": "Quantity"}],
            },
            {
                "path": "Runner.coach",
                "min": 0,
                "max": "1",
                "base": {"path": "Runner.coach"},
                "type": [
                    {
                        "code": "Reference",
                        "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Practitioner"],
                    }
                ],
            },
        ]
    },
}
PARAMETER = {
    "resourceType": "SearchParameter",
    "id": "shared-coach",
    "url": "http://example.org/coach",
    "code": "coach",
    "type": "reference",
    "base": ["Runner", "Swimmer"],
    "expression": "Runner.coach.where(resolve() is Practitioner) | Swimmer.coach",
    "description": "Multiple Resources:\n\n* [Runner](runner.html): Who trains the runner\n",
}
COMPARTMENT = {
    "resourceType": "CompartmentDefinition",
    "id": "patient",
    "code": "Patient",
    "resource": [
        {"code": "Runner", "param": ["{def}", "self"]},
        {"code": "Swimmer", "param": ["self"]},
    ],
}


def package(directory: Path) -> Path:
    path = directory / "package.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for number, content in enumerate((STRUCTURE, PARAMETER, COMPARTMENT, {"name": "x"})):
            text = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{number}.json")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return path


def test_a_package_becomes_small_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "HERE", tmp_path)
    assert cut.main([str(package(tmp_path))]) == 0
    found = {each.name: json.loads(each.read_text()) for each in tmp_path.glob("*.json")}
    assert found["elements.json"]["elements"] == {
        "Runner": {
            "gait": ["Runner.gait", 1, 0],
            "coach": ["Reference", 0, 1, ["Practitioner"]],
        },
        "Runner.gait": {
            "valueString": ["string", 0, 1, [], "", "value"],
            "valueQuantity": ["Quantity", 0, 1, [], "", "value"],
        },
    }
    assert found["search-parameters.json"] == {
        "Runner": {
            "coach": [
                "reference",
                "Runner.coach.where(resolve() is Practitioner)",
                "http://example.org/coach",
                "Who trains the runner",
                ["Practitioner"],
            ]
        }
    }
    assert found["compartments.json"] == {"Patient": {"Runner": ["self"]}}
    assert found["codes.json"] == {}


def test_the_package_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cut.main([]) == 2
    assert "usage" in capsys.readouterr().err
