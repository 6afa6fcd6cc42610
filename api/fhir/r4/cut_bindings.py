"""Cut the bindings of R4 that advise rather than bind, for `python -m api.fhir.r4.cut`.

The result is type → JSON key → `[strength, value set]`, of extensible and preferred bindings. The
required ones stand in elements.json.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

Definition: TypeAlias = dict[str, Any]

ADVISING = ("extensible", "preferred")
CODED = ("code", "Coding", "CodeableConcept", "Quantity")


def bindings(structures: Iterable[Definition]) -> dict[str, dict[str, list[str]]]:
    """Give the bindings of the elements of these structures."""
    found: dict[str, dict[str, list[str]]] = {}
    for structure in structures:
        for element in structure["snapshot"]["element"]:
            binding = element.get("binding", {})
            if binding.get("strength") in ADVISING and "valueSet" in binding:
                owner, _, key = element["path"].rpartition(".")
                row = [binding["strength"], binding["valueSet"].partition("|")[0]]
                for name in _keys(element, key):
                    found.setdefault(owner, {})[name] = row
    return {owner: found[owner] for owner in sorted(found) if owner}


def _keys(element: Definition, key: str) -> list[str]:
    codes = [each["code"] for each in element.get("type", ()) if each.get("code") in CODED]
    if key.endswith("[x]"):
        return [key.removesuffix("[x]") + each[0].upper() + each[1:] for each in codes]
    return [key] if codes else []
