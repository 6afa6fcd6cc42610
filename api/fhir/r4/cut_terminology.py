"""Cut the code systems and value sets of HL7's package into one archive.

https://hl7.org/fhir/R4/terminologies.html

`terminology.zip` holds a member a resource, so that one can be read without the others, and
`index.json`: resource type → canonical URL → name of the member. Codes of others (SNOMED CT, LOINC,
DICOM, …) are not HL7's to hand on: their code systems are left out, and of a value set that lists
them only the name of the system is kept, with an empty list.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

Definition = dict[str, Any]

KEPT = {
    "CodeSystem": (
        "resourceType", "id", "url", "version", "name", "title", "status", "experimental",
        "caseSensitive", "valueSet", "hierarchyMeaning", "content", "concept",
    ),
    "ValueSet": (
        "resourceType", "id", "url", "version", "name", "title", "status", "experimental",
        "compose",
    ),
}  # fmt: skip
OF_CONCEPT = ("code", "display", "definition", "designation", "property")
# Whose lists of codes may be handed on.
FREE_ROOTS = (
    "http://hl7.org/fhir/", "http://terminology.hl7.org/", "http://unitsofmeasure.org",
    "urn:ietf:",
)  # fmt: skip
# What HL7's addresses hold of others.
NOT_FREE = ("http://hl7.org/fhir/sid/",)
# The earliest date that the format knows, so that the same content gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def write_archive(path: Path, definitions: Iterable[Definition]) -> None:
    """Write the archive of all that may be handed on."""
    index: dict[str, dict[str, str]] = {name: {} for name in KEPT}
    members: dict[str, Definition] = {}
    for each in definitions:
        kind = each["resourceType"]
        if kind not in KEPT or (kind == "CodeSystem" and not _is_free(each["url"])):
            continue
        name = f"{kind}/{each['id']}"
        index[kind].setdefault(each["url"], name)
        members.setdefault(name, _kept(each))
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in [("index.json", index), *sorted(members.items())]:
            text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
            information = ZipInfo(name, _DATE)
            information.compress_type = ZIP_DEFLATED
            archive.writestr(information, text)


def _is_free(system: str) -> bool:
    return system.startswith(FREE_ROOTS) and not system.startswith(NOT_FREE)


def _kept(each: Definition) -> Definition:
    kept = {name: each[name] for name in KEPT[each["resourceType"]] if name in each}
    if "concept" in kept:
        kept["concept"] = [_concept(concept) for concept in kept["concept"]]
    if "compose" in kept:
        kept["compose"] = {
            clause: [_without_foreign_codes(part) for part in kept["compose"][clause]]
            for clause in ("include", "exclude")
            if clause in kept["compose"]
        }
    return kept


def _concept(concept: Definition) -> Definition:
    kept = {name: concept[name] for name in OF_CONCEPT if name in concept}
    if "concept" in concept:
        kept["concept"] = [_concept(child) for child in concept["concept"]]
    return kept


def _without_foreign_codes(part: Definition) -> Definition:
    names = ("system", "version", "filter", "valueSet")
    kept = {name: part[name] for name in names if name in part}
    if "concept" in part:
        # An empty list says that there is one, and that it is not here.
        kept["concept"] = [
            {name: concept[name] for name in OF_CONCEPT if name in concept}
            for concept in part["concept"]
            if _is_free(part["system"])
        ]
    return kept
