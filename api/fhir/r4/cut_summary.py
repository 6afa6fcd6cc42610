"""Cut from HL7's package of FHIR R4 which elements make a summary and which modify the meaning.

    python -m api.fhir.r4.cut_summary PATH/TO/hl7.fhir.r4.core-4.0.1.tgz

Writes `summary.json`: type, datatype or backbone element → `[summary elements, modifiers]`, choices
without their type (`value`); the same package always gives the same bytes.
"""

import json
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from api.fhir import definitions

Definition: TypeAlias = dict[str, Any]
HERE = Path(__file__).parent


def main(arguments: Sequence[str]) -> int:
    """Cut the file; 2 when the package is not named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m api.fhir.r4.cut_summary PATH/TO/PACKAGE.tgz\n")
        return 2
    found: dict[str, tuple[list[str], list[str]]] = {}
    for structure in _structures(Path(arguments[0])):
        for element in structure["snapshot"]["element"]:
            parent, _, key = element["path"].rpartition(".")
            if definitions.is_known(parent):
                summary, modifiers = found.setdefault(parent, ([], []))
                name = key.removesuffix("[x]")
                summary.extend([name] if element.get("isSummary") else [])
                modifiers.extend([name] if element.get("isModifier") else [])
    rows = {name: list(row) for name, row in sorted(found.items()) if any(row)}
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    (HERE / "summary.json").write_text(text + "\n", encoding="utf-8")
    return 0


def _structures(package: Path) -> Iterator[Definition]:
    """Give the resource types and datatypes, without profiles."""
    with tarfile.open(package) as archive:
        for member in sorted(archive, key=lambda each: each.name):
            file = archive.extractfile(member) if "StructureDefinition-" in member.name else None
            structure = json.load(file) if file else {}
            if structure.get("snapshot") and structure.get("derivation") != "constraint":
                yield structure


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
