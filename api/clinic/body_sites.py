"""Where on the body a sided finding lies: our code with the side in it, then SNOMED CT.

FHIR R4 has one slot for site and side (https://hl7.org/fhir/R4/observation.html, bodySite), so the
side is part of the code. SNOMED CT follows where the code was seen in a published value set.
"""

from collections.abc import Mapping
from typing import Any

from api.clinic.canonical import SNOMED, Canonical

_SIDE_WORDS: Mapping[str, str] = {"L": "left", "R": "right"}

# The region that each sided finding speaks of; what is not named here has no side.
_REGION_OF_FINDING: Mapping[str, str] = {
    "F-HIPEXT": "hip",
    "F-HIPEXT-MARKED": "hip",
    "F-HIPFLEX": "hip",
    "F-RECTUS": "thigh",
    "F-HAM": "thigh",
    "F-TROT": "thoracic-spine",
    "F-SLCONTROL": "lower-limb",
    "F-GLUTE": "gluteal-region",
    "F-HIPABD": "hip",
    "F-SIDEPLANK": "trunk",
    "F-G-HIPEXT": "hip",
    "F-G-DROP": "hip",
}

_ELSEWHERE = "body"

_SNOMED: Mapping[str, tuple[str, str]] = {
    "hip-left": ("287679003", "Left hip region structure"),
    "hip-right": ("287579007", "Right hip region structure"),
}


def sites() -> list[tuple[str, str]]:
    """Return code and display of every site that there is."""
    regions = dict.fromkeys((*_REGION_OF_FINDING.values(), _ELSEWHERE))
    return [_site(region, word) for region in regions for word in _SIDE_WORDS.values()]


def body_site(canonical: Canonical, finding: str, side: str) -> dict[str, Any]:
    """Return the bodySite of a finding on a side ("L" or "R")."""
    code, display = _site(_REGION_OF_FINDING.get(finding, _ELSEWHERE), _SIDE_WORDS[side])
    codings = [canonical.coding("rs-body-site", code, display)]
    if code in _SNOMED:
        snomed_code, snomed_display = _SNOMED[code]
        codings.append({"system": SNOMED, "code": snomed_code, "display": snomed_display})
    return {"coding": codings}


def _site(region: str, word: str) -> tuple[str, str]:
    return f"{region}-{word}", f"{word.capitalize()} {region.replace('-', ' ')}"
