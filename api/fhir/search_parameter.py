"""Search parameters by name: `code[:modifier][.chain]`, what each may carry, and the nearest name.

https://hl7.org/fhir/R4/search.html#modifiers
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from api.fhir.index_values import TABLES
from api.fhir.outcome import Issue
from api.fhir.path import compile_path
from api.fhir.registry import SearchParameter, registry

MODIFIERS: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("missing", "exact", "contains"),
    "token": ("missing", "not"),
    "date": ("missing",),
    "number": ("missing",),
    "quantity": ("missing",),
    "reference": ("missing", "identifier"),
    "uri": ("missing", "below", "above"),
}
"""Type of parameter → modifiers; a reference takes the name of a resource type besides."""

CONTROLS: Final = ("_sort", "_count", "_total", "_summary", "_format", "_pretty")
"""Parameters that shape the answer and do not choose resources."""

# Of R4 and known here, so that a client is told "not supported" and not "unknown".
_NOT_SUPPORTED: Final = frozenset(
    (
        "_contained",
        "_containedType",
        "_content",
        "_elements",
        "_filter",
        "_has",
        "_include",
        "_list",
        "_query",
        "_revinclude",
        "_score",
        "_text",
        "_type",
    )
)
_R4_MODIFIERS: Final = frozenset(
    (
        "missing",
        "exact",
        "contains",
        "text",
        "in",
        "below",
        "above",
        "not-in",
        "not",
        "of-type",
        "identifier",
    )
)
_NAME: Final = re.compile(r"(?P<code>[^:.]+)(?::(?P<modifier>[^:.]+))?(?P<rest>[:.].*)?", re.DOTALL)
_SHOWN_LENGTH: Final = 64


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
    """Find what a name means on a type, or the issue that says why it is not to be had."""
    match = _NAME.fullmatch(name)
    code = match["code"] if match else name
    found = registry().search_parameter(resource_type, code)
    if code in _NOT_SUPPORTED or (found and found.type not in TABLES):
        return not_supported(name, f"The search parameter {shown(code)} is not supported.")
    if found is None or match is None:
        return _unknown(resource_type, code, name)
    if match["rest"]:
        sentence = f"Chained search ({shown(name)}) is not supported."
        return not_supported(name, sentence)
    modifier = match["modifier"]
    if modifier is not None and not _takes(found, modifier):
        return _unknown_modifier(found, modifier, name)
    return NamedParameter(name, found, modifier)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Give the candidate that a misspelt name most likely means."""
    # Without their case first: `birthDate` is the element's name and `birthdate` the parameter's.
    by_folded = {each.casefold(): each for each in candidates}
    close = get_close_matches(name[:_SHOWN_LENGTH].casefold(), by_folded, n=1, cutoff=0.5)
    return by_folded[close[0]] if close else None


def shown(name: str) -> str:
    """Quote a name from a request, cut to a length that fits a sentence."""
    return f"'{name[:_SHOWN_LENGTH]}'"


def not_supported(name: str, sentence: str) -> Issue:
    """Give the issue about a parameter that this server does not do."""
    return Issue("not-supported", sentence, (f"http.{name[:_SHOWN_LENGTH]}",))


def _takes(parameter: SearchParameter, modifier: str) -> bool:
    if modifier in MODIFIERS[parameter.type]:
        return True
    is_type = parameter.type == "reference" and registry().get(modifier) is not None
    return is_type and (not parameter.targets or modifier in parameter.targets)


def _unknown(resource_type: str, code: str, name: str) -> Issue:
    served = registry().types[resource_type].search_parameters
    names = [each.code for each in served.values() if each.type in TABLES]
    close = nearest(code, [*names, *CONTROLS])
    hint = f" Did you mean '{close}'?" if close else f" It has: {', '.join(sorted(names))}."
    return not_supported(name, f"{resource_type} has no search parameter {shown(code)}.{hint}")


def _unknown_modifier(parameter: SearchParameter, modifier: str, name: str) -> Issue:
    offered = [*MODIFIERS[parameter.type]]
    if parameter.type == "reference":
        offered.extend(parameter.targets)
    close = nearest(modifier, offered) if modifier not in _R4_MODIFIERS else None
    hint = f" Did you mean ':{close}'?" if close else ""
    listed = ", ".join(f":{each}" for each in offered)
    sentence = (
        f"The modifier {shown(':' + modifier)} is not supported on '{parameter.code}',"
        f" a {parameter.type} parameter.{hint} It takes: {listed}."
    )
    return not_supported(name, sentence)
