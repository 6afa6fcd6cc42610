"""Search parameters by name: `code[:modifier]`, what each may carry, and the nearest name.

https://hl7.org/fhir/R4/search.html#modifiers
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Final

from api.fhir.index_values import TABLES
from api.fhir.outcome import Issue
from api.fhir.path import compile_path
from api.fhir.registry import SearchParameter, registry

MODIFIERS: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("missing", "exact", "contains"),
    "token": ("missing", "not", "text", "in", "not-in", "above", "below", "of-type"),
    "date": ("missing",),
    "number": ("missing",),
    "quantity": ("missing",),
    "reference": ("missing", "identifier", "above", "below"),
    "uri": ("missing", "below", "above"),
    "composite": (),
    "special": ("missing",),
}
"""Type of parameter → modifiers; a reference takes the name of a resource type besides."""

CRITERIA: Final = ("_has", "_list", "_filter", "_text", "_content")
"""Criteria that are no search parameters of a type."""

CONTROLS: Final = (
    "_sort",
    "_count",
    "_total",
    "_summary",
    "_elements",
    "_explain",
    "_format",
    "_pretty",
)
"""Parameters that shape the answer and do not choose resources; each is given once."""

INCLUDES: Final = ("_include", "_revinclude")
"""Parameters that bring further resources along."""

# Of R4 and known here, so that a client is told "not supported" and not "unknown".
_NOT_SUPPORTED: Final = frozenset(("_contained", "_containedType", "_query", "_score"))
_R4_MODIFIERS: Final = frozenset(each for listed in MODIFIERS.values() for each in listed)
_NAME: Final = re.compile(r"(?P<code>[^:.]+)(?::(?P<modifier>[^:.]*))?", re.DOTALL)
_SHOWN_LENGTH: Final = 64
_SHOWN_MODIFIERS: Final = 16
_CONCEPTS: Final = frozenset(("CodeableConcept", "Coding", "Identifier"))
# What is the same resource, or an id of it, is neither a concept nor part of a hierarchy.
_OF_RESOURCE: Final = ("_id", "_lastUpdated")
_PART_OF: Final = ("partof", "part-of")


class NotUnderstoodError(Exception):
    """A parameter that is unknown or not supported: refused, or left out for lenient clients."""

    def __init__(self, issue: Issue) -> None:
        """Keep the issue that says why, and what would be understood."""
        super().__init__(issue.diagnostics)
        self.issue = issue


@dataclass(frozen=True, slots=True)
class NamedParameter:
    """A search parameter as a request names it."""

    name: str
    parameter: SearchParameter
    modifier: str | None

    @property
    def datatypes(self) -> frozenset[str]:
        """The datatypes of the elements that the parameter looks at."""
        return compile_path(self.parameter.expression, self.parameter.base).datatypes

    @property
    def has_only_primitives(self) -> bool:
        """Whether every element it looks at is a plain code, boolean or string."""
        return all(each[0].islower() for each in self.datatypes)

    @property
    def key(self) -> str:
        """The name under which its values stand in the index."""
        return f"{self.parameter.base}.{self.parameter.code}"


def find_parameter(resource_type: str, name: str) -> NamedParameter | Issue:
    """Find what `code[:modifier]` means on a type, or the issue that says why it is not to be had.

    The name may be part of a longer one; issues about it then name this part.
    """
    match = _NAME.fullmatch(name)
    code = match["code"] if match else name
    if code in _NOT_SUPPORTED:
        return not_supported(name, f"The search parameter {shown(code)} is not supported.")
    found = registry().search_parameter(resource_type, code)
    if found is None or match is None:
        return _unknown(resource_type, code, name)
    modifier = match["modifier"]
    if modifier is not None and modifier not in modifiers_of(found):
        return _unknown_modifier(found, modifier, name)
    return NamedParameter(name, found, modifier)


@cache
def modifiers_of(parameter: SearchParameter) -> tuple[str, ...]:
    """Give the modifiers that a parameter takes, the types that it may refer to among them."""
    taken = list(MODIFIERS[parameter.type])
    datatypes = compile_path(parameter.expression, parameter.base).datatypes
    if parameter.code in _OF_RESOURCE:
        taken = [each for each in taken if each in ("missing", "not")]
    if "Identifier" not in datatypes:
        taken = [each for each in taken if each != "of-type"]
    if not datatypes & _CONCEPTS:
        taken = [each for each in taken if each != "text"]
    if parameter.type == "reference":
        if not hierarchies_of(parameter):
            taken = [each for each in taken if each not in ("above", "below")]
        types = registry().types
        taken.extend(each for each in parameter.targets or types if each in types)
    return tuple(taken)


@cache
def hierarchies_of(parameter: SearchParameter) -> Mapping[str, str]:
    """Give target type → the parameter by which resources of that type are part of one another.

    https://hl7.org/fhir/R4/search.html#recursive
    """
    found = {}
    for target in parameter.targets:
        for code in _PART_OF:
            upward = registry().search_parameter(target, code)
            if upward is not None and target in upward.targets:
                found[target] = f"{target}.{code}"
    return found


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Give the candidate that a misspelt name most likely means, if any is near enough."""
    # Without their case first: `birthDate` is the element's name and `birthdate` the parameter's.
    by_folded = {each.casefold(): each for each in candidates}
    close = get_close_matches(name[:_SHOWN_LENGTH].casefold(), by_folded, n=1, cutoff=0.65)
    return by_folded[close[0]] if close else None


def shown(name: str) -> str:
    """Quote a name from a request, cut to a length that fits a sentence."""
    return f"'{name[:_SHOWN_LENGTH]}'"


def not_supported(name: str, sentence: str) -> Issue:
    """Give the issue about a parameter that this server does not do."""
    return Issue("not-supported", sentence, (f"http.{name[:_SHOWN_LENGTH]}",))


def parameters_named(resource_type: str) -> list[str]:
    """Give the codes of the search parameters that a type has, in order."""
    served = registry().types[resource_type].search_parameters
    return sorted(each.code for each in served.values() if each.type in TABLES)


def _unknown(resource_type: str, code: str, name: str) -> Issue:
    names = parameters_named(resource_type)
    close = nearest(code, [*names, *CONTROLS, *CRITERIA, *INCLUDES])
    hint = f" Did you mean '{close}'?" if close else f" It has: {', '.join(names)}."
    return not_supported(name, f"{resource_type} has no search parameter {shown(code)}.{hint}")


def _unknown_modifier(parameter: SearchParameter, modifier: str, name: str) -> Issue:
    offered = modifiers_of(parameter)
    close = nearest(modifier, offered) if modifier not in _R4_MODIFIERS else None
    hint = f" Did you mean ':{close}'?" if close else ""
    listed = ", ".join(f":{each}" for each in offered[:_SHOWN_MODIFIERS]) or "none"
    if len(offered) > _SHOWN_MODIFIERS:
        listed += " and other resource types"
    sentence = (
        f"The modifier {shown(':' + modifier)} is not supported on '{parameter.code}',"
        f" a {parameter.type} parameter.{hint} It takes: {listed}."
    )
    return not_supported(name, sentence)
