"""Cut the profiles and extensions of HL7's packages into one archive.

    python -m api.fhir.profiles.cut PATH/TO/hl7.fhir.r4.core-4.0.1.tgz PATH/TO/another.tgz …

`profiles.zip` holds a member a StructureDefinition and `index.json`: canonical URL → name of the
member; the same packages always give the same bytes. Of a snapshot only those elements are kept
that ask for more than R4 does, with what they are part of.
"""

import json
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from api.fhir import definitions
from api.fhir.invariants import rows
from api.fhir.r4.cut_invariants import OF_EVERY_RESOURCE, UNIVERSAL

Definition: TypeAlias = dict[str, Any]

ARCHIVE = Path(__file__).parent / "profiles.zip"
STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
# The earliest date that the format knows, so that the same content gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def main(arguments: Sequence[str]) -> int:
    """Write the archive; 2 when no package is named."""
    if not arguments:
        sys.stderr.write("usage: python -m api.fhir.profiles.cut PACKAGE.tgz …\n")
        return 2
    profiles = [each for package in arguments for each in _profiles(Path(package))]
    write_archive(ARCHIVE, profiles)
    return 0


def write_archive(path: Path, profiles: Iterable[Definition]) -> None:
    """Write the archive of these StructureDefinitions."""
    members = {each["id"]: each for each in profiles}
    index = {each["url"]: name for name, each in sorted(members.items())}
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        kept = {name: _cut(each) for name, each in sorted(members.items())}
        for name, content in [("index.json", index), *kept.items()]:
            information = ZipInfo(name, _DATE)
            information.compress_type = ZIP_DEFLATED
            text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
            archive.writestr(information, text)


def _profiles(package: Path) -> Iterator[Definition]:
    with tarfile.open(package) as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            file = archive.extractfile(member) if _is_structure(member.name) else None
            content = json.load(file) if file else {}
            if _is_profile(content) and definitions.is_known(content["type"]):
                yield content


def _is_profile(content: Definition) -> bool:
    return content.get("derivation") == "constraint" and "snapshot" in content


def _is_structure(name: str) -> bool:
    return Path(name).name.startswith("StructureDefinition-") and name.count("/") == 1


def _cut(profile: Definition) -> Definition:
    elements = [_element(each) for each in profile["snapshot"]["element"]]
    paths = {each["id"]: each.pop("base") for each in elements}
    wanted: set[str] = set()
    for each in elements:
        if _asks_for_more(each, paths[each["id"]]):
            wanted |= set(_with_ancestors(each["id"]))
    contexts = [
        each["expression"] for each in profile.get("context", ()) if each["type"] == "element"
    ]
    return {
        "url": profile["url"],
        "title": profile.get("title") or profile["name"],
        "type": profile["type"],
        "contexts": contexts,
        "elements": [each for each in elements if each["id"] in wanted],
    }


def _with_ancestors(element_id: str) -> Iterator[str]:
    steps = element_id.split(".")
    for length in range(1, len(steps) + 1):
        start = ".".join(steps[:length])
        yield start
        yield start.rpartition(":")[0] if ":" in steps[length - 1] else start


def _element(element: Definition) -> Definition:
    found: Definition = {
        "id": element["id"],
        "base": element.get("base", {}),
        "min": element["min"],
        "max": element["max"],
        "types": [_type(each) for each in element.get("type", ())],
    }
    slicing = element.get("slicing")
    if slicing:
        found["slicing"] = {
            "rules": slicing["rules"],
            "discriminators": [
                [each["type"], each["path"]] for each in slicing.get("discriminator", ())
            ],
        }
    for key, value in element.items():
        if key.startswith(("fixed", "pattern")):
            found["fixed" if key.startswith("fixed") else "pattern"] = value
    binding = element.get("binding", {})
    if binding.get("strength") in ("required", "extensible") and "valueSet" in binding:
        found["binding"] = [binding["strength"], binding["valueSet"].partition("|")[0]]
    constraints = list(_constraints(element))
    return {**found, "constraints": constraints} if constraints else found


def _type(of: Definition) -> list[Any]:
    # The types of ids and URLs are those of FHIRPath, and in R4 itself only an extension's value.
    name = of.get("code", "/")
    name = "string" if "/" in name else name
    profiles = [each.partition("|")[0] for each in of.get("profile", ())]
    targets = [each.partition("|")[0] for each in of.get("targetProfile", ())]
    return [name, profiles, targets]


@cache
def _known() -> frozenset[tuple[str, str]]:
    """Give key and expression of what R4 itself asks; the strict layer does so already."""
    return frozenset((row[0], row[3]) for each in rows().values() for row in each)


def _constraints(element: Definition) -> Iterator[list[str]]:
    for each in element.get("constraint", ()):
        is_universal = each["key"] in UNIVERSAL | OF_EVERY_RESOURCE
        is_known = is_universal or (each["key"], each.get("expression")) in _known()
        if "expression" in each and not is_known:
            yield [each["key"], each["severity"], each["human"].strip(), each["expression"]]


def _asks_for_more(element: Definition, base: Mapping[str, Any]) -> bool:
    if {"slicing", "fixed", "pattern", "constraints"} & element.keys():
        # Extensions are sliced wherever there are any, mostly without a slice.
        return element.keys() & {"fixed", "pattern", "constraints"} != set() or not element[
            "id"
        ].endswith(".extension")
    if ":" in element["id"].rpartition(".")[2]:
        return True
    if element["min"] != base.get("min") or element["max"] != base.get("max"):
        return True
    return _narrows(element, base.get("path", ""))


def _narrows(element: Definition, path: str) -> bool:
    """Tell whether types, targets or a required binding differ from those of R4."""
    owner, _, key = path.rpartition(".")
    if not owner or not definitions.is_known(owner):
        return False
    stem = key.removesuffix("[x]")
    known = [
        each
        for each in definitions.elements(owner).values()
        if stem in (each.json_key, each.choice_of)
    ]
    types = {each.type for each in known}
    if key.endswith("[x]") and types != {name for name, _, _ in element["types"]}:
        return True
    binding = element.get("binding", ["", ""])
    if binding[0] == "required" and binding[1] not in {each.value_set for each in known}:
        return True
    targets = {target for each in known for target in each.targets}
    asked = {
        target.removeprefix(STRUCTURE) for _, _, targets in element["types"] for target in targets
    }
    has_profile = any(profile not in _PLAIN for _, each, _ in element["types"] for profile in each)
    return has_profile or (bool(asked) and asked not in (targets, {"Resource"}))


_PLAIN = frozenset((f"{STRUCTURE}SimpleQuantity",))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
