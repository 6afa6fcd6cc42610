"""Cut the data of this directory from HL7's package of FHIR R4.

    python -m api.fhir.r4.cut PATH/TO/hl7.fhir.r4.core-4.0.1.tgz

Writes these files beside this one; the same package always gives the same bytes.

| file                      | content                                                           |
|---------------------------|-------------------------------------------------------------------|
| elements.json             | category of each resource type, types left out, elements by type  |
| codes.json                | value set → code system → codes, of required bindings             |
| invariants.json           | path → rows, see `api.fhir.r4.cut_invariants`                     |
| bindings.json             | type → key → strength and value set, of bindings that advise      |
| search-parameters.json    | type → code → row                                                 |
| compartments.json         | compartment → type → search parameters that put a resource in it  |
| terminology.zip           | code systems and value sets, see `api.fhir.r4.cut_terminology`    |

An element's row is `[type, minimum, maximum, targets, value set, choice]`, a search parameter's
`[type, expression, url, description, targets, components]`. A maximum of 0 means no limit, and
trailing values that are empty are left out.
"""

import json
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from api.fhir.r4 import cut_bindings, cut_compartments, cut_invariants, cut_terminology

Definition: TypeAlias = dict[str, Any]
Row: TypeAlias = list[Any]

HERE = Path(__file__).parent
STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
EXTENSION_CATEGORY = STRUCTURE + "structuredefinition-category"
EXTENSION_FHIR_TYPE = STRUCTURE + "structuredefinition-fhir-type"

# fhir.resources, the second opinion, has no model of these or a different one.
NOT_SERVED = re.compile(
    r"(EffectEvidenceSynthesis|RiskEvidenceSynthesis|Evidence|EvidenceVariable"
    r"|MedicinalProduct\w*|Substance(NucleicAcid|Polymer|Protein|ReferenceInformation"
    r"|SourceMaterial|Specification))"
)
ABSTRACT = ("Resource", "DomainResource")
# The package holds examples and parameters of extensions beside those of the specification.
NOT_OF_THE_SPECIFICATION = re.compile(r".*-(extensions|genetic)-.*|example.*|filter")
# Codes that no list can hold: RFC 6838, BCP 47, UCUM; ISO 4217 is not HL7's to hand on.
NOT_LISTED = ("mimetypes", "all-languages", "ucum-units", "currencies")

# Two required elements of the published definitions state the type wrongly.
TYPE_BY_PATH = {"Resource.id": "id", "Element.id": "string"}


def main(arguments: Sequence[str]) -> int:
    """Cut all files; 2 when the package is not named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m api.fhir.r4.cut PATH/TO/hl7.fhir.r4.core-4.0.1.tgz\n")
        return 2
    definitions = _read(Path(arguments[0]))
    structures = _structures(definitions)
    elements = {name: rows for each in structures for name, rows in _types_of(each)}
    categories = {
        each["name"]: _category(each)
        for each in structures
        if each["kind"] == "resource" and not each["abstract"]
    }
    not_served = sorted(
        each["name"]
        for each in _of_type(definitions, "StructureDefinition")
        if each["kind"] == "resource" and NOT_SERVED.fullmatch(each["name"])
    )
    _write(
        "elements.json",
        {"resources": categories, "notServed": not_served, "elements": elements},
    )
    _write("codes.json", _codes(definitions, elements))
    _write("bindings.json", cut_bindings.bindings(structures))
    _write("invariants.json", cut_invariants.invariants(structures, _profiles(definitions)))
    _write("search-parameters.json", _search_parameters(definitions, categories))
    _write("compartments.json", cut_compartments.compartments(definitions, categories))
    cut_terminology.write_archive(HERE / "terminology.zip", definitions)
    return 0


def _read(package: Path) -> list[Definition]:
    with tarfile.open(package) as archive:
        contents = {
            member.name: json.load(file)
            for member in archive
            if member.name.endswith(".json") and (file := archive.extractfile(member))
        }
    return [each for _, each in sorted(contents.items()) if "resourceType" in each]


def _of_type(definitions: Iterable[Definition], resource_type: str) -> Iterator[Definition]:
    return (each for each in definitions if each["resourceType"] == resource_type)


def _structures(definitions: Iterable[Definition]) -> list[Definition]:
    """Give resource types and datatypes that are served, without profiles and logical models."""
    return [
        each
        for each in _of_type(definitions, "StructureDefinition")
        if each.get("derivation") != "constraint"
        and each["kind"] in ("resource", "complex-type")
        and not NOT_SERVED.fullmatch(each["name"])
    ]


def _profiles(definitions: Iterable[Definition]) -> dict[str, Definition]:
    return {each["url"]: each for each in _of_type(definitions, "StructureDefinition")}


def _category(structure: Definition) -> str:
    categories = [
        extension["valueString"]
        for extension in structure.get("extension", ())
        if extension["url"] == EXTENSION_CATEGORY and "valueString" in extension
    ]
    return categories[0].replace("&amp;", "&") if categories else ""


def _types_of(structure: Definition) -> Iterator[tuple[str, dict[str, Row]]]:
    """Give the type itself and each of its backbone elements with the rows of their children."""
    elements = structure["snapshot"]["element"]
    parents = {element["path"].rpartition(".")[0] for element in elements}
    for parent in sorted(parents - {""}):
        rows: dict[str, Row] = {}
        for element in elements:
            path, _, key = element["path"].rpartition(".")
            if path == parent:
                rows.update(_rows(element, key, is_backbone=element["path"] in parents))
        yield parent, rows


def _rows(element: Definition, key: str, *, is_backbone: bool) -> Iterator[tuple[str, Row]]:
    minimum = element["min"]
    maximum = 0 if element["max"] == "*" else int(element["max"])
    if is_backbone:
        yield key, [element["path"], minimum, maximum]
    elif "contentReference" in element:
        yield key, [element["contentReference"].removeprefix("#"), minimum, maximum]
    elif key.endswith("[x]"):
        choice = key.removesuffix("[x]")
        for each in element["type"]:
            name = each["code"]
            row = [name, minimum, maximum, _targets(each), _value_set(element, name), choice]
            yield choice + name[0].upper() + name[1:], row
    else:
        (each,) = element["type"]
        name = TYPE_BY_PATH.get(element["base"]["path"]) or _type_name(each)
        row = [name, minimum, maximum, _targets(each), _value_set(element, name)]
        yield key, _trimmed(row)


def _type_name(type_of_element: Definition) -> str:
    for extension in type_of_element.get("extension", ()):
        if extension["url"] == EXTENSION_FHIR_TYPE:
            return str(extension["valueUrl"])
    return str(type_of_element["code"])


def _targets(type_of_element: Definition) -> list[str]:
    names = [each.removeprefix(STRUCTURE) for each in type_of_element.get("targetProfile", ())]
    return [] if "Resource" in names else sorted(names)


def _value_set(element: Definition, type_name: str) -> str:
    """Name the value set of a required binding, of the element's coded type only."""
    binding = element.get("binding", {})
    if binding.get("strength") != "required" or type_name not in ("code", "CodeableConcept"):
        return ""
    return str(binding["valueSet"]).partition("|")[0]


def _trimmed(row: Row) -> Row:
    while not row[-1] and len(row) > 1:
        row.pop()
    return row


def _codes(
    definitions: Sequence[Definition], elements: Mapping[str, Mapping[str, Row]]
) -> dict[str, dict[str, list[str]] | None]:
    """Expand the value sets in use; None for one whose codes cannot be listed."""
    position = 4
    used = {
        row[position]
        for rows in elements.values()
        for row in rows.values()
        if len(row) > position and row[position]
    }
    value_sets = {each["url"]: each for each in _of_type(definitions, "ValueSet")}
    systems = {each["url"]: each for each in _of_type(definitions, "CodeSystem")}
    return {url: _expansion(value_sets.get(url), systems) for url in sorted(used)}


def _expansion(
    value_set: Definition | None, systems: Mapping[str, Definition]
) -> dict[str, list[str]] | None:
    if value_set is None or value_set["id"] in NOT_LISTED:
        return None
    compose = value_set["compose"]
    codes: dict[str, set[str]] = {}
    for include in compose["include"]:
        unknown = {"filter", "valueSet"} & include.keys() or "exclude" in compose
        if unknown:
            message = f"{value_set['url']}: only lists and whole code systems are expanded"
            raise ValueError(message)
        system = include["system"]
        concepts = include.get("concept") or systems[system]["concept"]
        codes.setdefault(system, set()).update(_all_codes(concepts))
    return {system: sorted(each) for system, each in sorted(codes.items())}


def _all_codes(concepts: Iterable[Definition]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _all_codes(concept.get("concept", ()))


def _search_parameters(
    definitions: Iterable[Definition], categories: Mapping[str, str]
) -> dict[str, dict[str, Row]]:
    every = [
        each
        for each in _of_type(definitions, "SearchParameter")
        if each.get("expression")
        and "base" in each
        and not NOT_OF_THE_SPECIFICATION.fullmatch(each["id"])
    ]
    code_of = {each["url"]: each["code"] for each in every}
    found: dict[str, dict[str, Row]] = {}
    for each in every:
        for base in each["base"]:
            if base in categories or base in ABSTRACT:
                row = _search_parameter(each, base, code_of)
                found.setdefault(base, {})[each["code"]] = row
    return {base: dict(sorted(rows.items())) for base, rows in sorted(found.items())}


def _search_parameter(each: Definition, base: str, code_of: Mapping[str, str]) -> Row:
    expression = _restricted(each["expression"], base, is_shared=len(each["base"]) > 1)
    narrowed = re.fullmatch(r"\S+\.where\(resolve\(\) is (\w+)\)", expression)
    targets = [narrowed[1]] if narrowed else sorted(each.get("target", ()))
    components = [
        [code_of[component["definition"]], component["expression"]]
        for component in each.get("component", ())
    ]
    description = _description(each["description"], base)
    return _trimmed([each["type"], expression, each["url"], description, targets, components])


def _restricted(expression: str, base: str, *, is_shared: bool) -> str:
    """Keep the branches of a union that start at this type.

    InsurancePlan.name is published as `name | alias`, without the type that every other names.
    """
    branches = [branch.strip() for branch in expression.split("|")]
    if is_shared:
        branches = [each for each in branches if re.match(rf"\(?{base}\b", each)]
    return " | ".join(f"{base}.{each}" if each[0].islower() else each for each in branches)


def _description(description: str, base: str) -> str:
    """Give one line: what the parameter means on this type."""
    of_this_type = re.search(rf"^\* \[{base}\]\([^)]*\): *(.+)$", description, re.MULTILINE)
    text = of_this_type[1] if of_this_type else description
    return " ".join(text.split())


def _write(name: str, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (HERE / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
