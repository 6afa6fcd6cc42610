"""Which codes are in a value set that HL7 publishes with R4, for the bindings of elements.

https://hl7.org/fhir/R4/terminologies.html#binding
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from api.fhir.lexical import Resource
from api.fhir.outcome import Failure
from api.fhir.terminology.code_system import CodeSystem
from api.fhir.terminology.expansion import expand
from api.fhir.terminology.published import published_code_system, published_value_set

# Value sets whose codes are kept; most have a few dozen.
_KEPT: Final = 256


class _Published:
    """What HL7 publishes, whatever the version: R4 has one of each."""

    def code_system(self, url: str, _version: str | None) -> CodeSystem | None:
        return published_code_system(url)

    def value_set(self, url: str, _version: str | None) -> Resource | None:
        return published_value_set(url)


def is_member(url: str, system: str | None, code: str) -> bool | None:
    """Tell whether a value set holds a code; None when that cannot be told here.

    A code without a system is one of an element of type code, where the value set says which.
    """
    codes = members(url)
    if codes is None:
        return None
    if system is None:
        return any(code in each for each in codes.values())
    return code in codes.get(system, ())


@lru_cache(_KEPT)
def members(url: str) -> Mapping[str, frozenset[str]] | None:
    """Give the codes of a value set by code system; None for one that is not held, or not whole."""
    value_set = published_value_set(url)
    if value_set is None:
        return None
    try:
        found: dict[str, set[str]] = {}
        for each in expand(value_set, _Published()):
            found.setdefault(each.system, set()).add(each.code)
    except Failure:
        return None
    return {system: frozenset(codes) for system, codes in found.items()}
