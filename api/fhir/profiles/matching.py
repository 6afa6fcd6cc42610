"""Whether a value is the one that a profile names: fixed, of a pattern, or of a value set.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_
"""

from collections.abc import Iterator
from typing import Any

from api.fhir.fhirpath.values import equal
from api.fhir.value_sets import is_member


def equals(value: Any, fixed: Any) -> bool:
    """Tell whether a value is exactly this one."""
    return equal(value, fixed)


def fits(value: Any, pattern: Any) -> bool:
    """Tell whether a value holds everything that a pattern holds; it may hold more."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            key in value and fits(value[key], each) for key, each in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(
            any(fits(item, each) for item in value) for each in pattern
        )
    return equal(value, pattern)


def codings(value: Any) -> Iterator[tuple[str | None, str]]:
    """Give system and code of what a value says in codes; a bare code has no system."""
    if isinstance(value, str):
        yield None, value
    if not isinstance(value, dict):
        return
    listed = value.get("coding")
    for each in listed if isinstance(listed, list) else [value]:
        if isinstance(each, dict) and isinstance(each.get("code"), str):
            yield each.get("system"), each["code"]


def is_within(value: Any, value_set: str) -> bool | None:
    """Tell whether one of a value's codes is in a value set; None when it is not known here."""
    verdicts = [is_member(value_set, *each) for each in codings(value)]
    if True in verdicts:
        return True
    return None if None in verdicts else False
