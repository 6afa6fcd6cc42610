"""Cut the short description of each element from HL7's package of FHIR R4 (CC0).

    python -m api.http.openapi.cut PATH/TO/hl7.fhir.r4.core-4.0.1.tgz

Writes `descriptions.json` beside this file: type or backbone path → element → one line, for the
datatypes and the resource types that the document spells out. A choice is named by its stem
(`deceased`), and a type's own line by an empty name.
"""

import json
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from api.http.openapi.published import PUBLISHED

Definition: TypeAlias = Mapping[str, Any]

DESCRIPTIONS = Path(__file__).parent / "descriptions.json"
SHARED = ("Resource", "DomainResource", "Bundle", "OperationOutcome", "CapabilityStatement")


def main(arguments: Sequence[str]) -> int:
    """Cut the file; 2 when the package is not named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m api.http.openapi.cut PATH/TO/PACKAGE.tgz\n")
        return 2
    descriptions: dict[str, dict[str, str]] = {}
    for structure in _structures(Path(arguments[0])):
        for element in structure["snapshot"]["element"]:
            _describe(element, descriptions)
    text = json.dumps(descriptions, ensure_ascii=False, indent=0, sort_keys=True)
    DESCRIPTIONS.write_text(text + "\n", encoding="utf-8")
    return 0


def _structures(package: Path) -> list[Definition]:
    with tarfile.open(package) as archive:
        files = [
            archive.extractfile(member)
            for member in archive
            if member.name.startswith("package/StructureDefinition-")
        ]
        every = [json.loads(file.read()) for file in files if file]
    return [each for each in every if _is_wanted(each)]


def _is_wanted(structure: Definition) -> bool:
    if structure.get("derivation") == "constraint":
        return False
    is_named = structure["name"] in PUBLISHED or structure["name"] in SHARED
    return structure["kind"] == "complex-type" or is_named


def _describe(element: Definition, descriptions: dict[str, dict[str, str]]) -> None:
    path, short = element["path"], " ".join(element.get("short", "").split())
    parent, _, key = path.rpartition(".")
    if parent:
        descriptions.setdefault(parent, {})[key.removesuffix("[x]")] = short
    else:
        descriptions.setdefault(path, {})[""] = short


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
