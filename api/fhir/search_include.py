"""`_include` and `_revinclude`: which further resources come with the matches.

https://hl7.org/fhir/R4/search.html#revinclude

`Observation:subject`, `Observation:subject:Patient`, `Observation:*`, `*`. With `:iterate` (in
STU3 `:recurse`) the resources that were brought along are asked as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.registry import registry
from api.fhir.search_parameter import NotUnderstoodError, nearest, not_supported, shown

ITERATE: Final = ("iterate", "recurse")

_MAX_PARTS: Final = 3
_WILDCARD: Final = "*"


@dataclass(frozen=True, slots=True)
class Include:
    """One edge: a reference parameter, or all of them; `text` is how the request says it.

    Forward it goes from resources of `source_type` to what they refer to; with `is_reverse` from
    resources to those of `source_type` that refer to them. An empty type means any, an empty
    `parameter` every one.
    """

    text: str
    source_type: str
    parameter: str
    target_type: str
    is_reverse: bool
    is_iterative: bool


def read_include(name: str, value: str, types: Sequence[str]) -> Include:
    """Read one `_include` or `_revinclude` of a search on these types.

    Raises NotUnderstoodError for a type, parameter or modifier that is not known.
    """
    code, _, modifier = name.partition(":")
    if modifier and modifier not in ITERATE:
        sentence = f"{code} takes the modifier :iterate, not {shown(':' + modifier)}."
        raise NotUnderstoodError(not_supported(name, sentence))
    is_reverse = code == "_revinclude"
    if value == _WILDCARD:
        return Include(value, "", "", "", is_reverse, bool(modifier))
    parts = value.split(":")
    if not 1 < len(parts) <= _MAX_PARTS or not all(parts):
        example = "Observation:subject, Observation:subject:Patient, Observation:* or *"
        issue = Issue("value", f"{code} takes {example}.", (f"http.{code}",))
        raise Failure(FailureKind.INVALID, issue)
    source, parameter, target = (*parts, "")[:_MAX_PARTS]
    for each in filter(None, (source, target)):
        _check_type(code, each)
    if parameter == _WILDCARD:
        parameter = ""
    else:
        _check_parameter(code, source, parameter, target)
    # No match is of another type: such a resource can only have been brought along before.
    is_iterative = bool(modifier) or (not is_reverse and source not in types)
    return Include(value, source, parameter, target, is_reverse, is_iterative)


def _check_type(code: str, name: str) -> None:
    if registry().get(name) is None:
        close = registry().nearest(name)
        hint = f" Did you mean {close}?" if close else ""
        sentence = f"{code}: {shown(name)} is not a resource type of this server.{hint}"
        raise NotUnderstoodError(not_supported(code, sentence))


def _check_parameter(code: str, source: str, name: str, target: str) -> None:
    served = registry().types[source].search_parameters
    references = [each.code for each in served.values() if each.type == "reference"]
    if name not in references:
        close = nearest(name, references)
        listed = f" It has: {', '.join(references) or 'none'}."
        hint = f" Did you mean '{close}'?" if close else listed
        sentence = f"{code}: {source} has no reference parameter {shown(name)}.{hint}"
        raise NotUnderstoodError(not_supported(code, sentence))
    targets = served[name].targets
    if target and targets and target not in targets:
        sentence = f"{code}: '{name}' of {source} refers to {', '.join(targets)}, not to {target}."
        raise NotUnderstoodError(not_supported(code, sentence))
