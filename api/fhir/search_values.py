"""The values of a search parameter as a condition on the index.

https://hl7.org/fhir/R4/search.html#ptypes

One reader a type of parameter; each gives the alternatives of one value, escapes already kept
apart from separators. A value that cannot be read is a Failure (INVALID) naming the parameter.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

from api.fhir.index_composite import COMMON_NAMES, PLACES, component_parameters, joint_key
from api.fhir.index_keys import START_LENGTH, equality_key, fold, is_whole_key, like_pattern
from api.fhir.index_values import TABLES
from api.fhir.reference import local_reference, without_version
from api.fhir.search_condition import (
    ASCENDS,
    DESCENDS,
    RESOURCE,
    UNRANKED,
    Alternative,
    Comparison,
    Condition,
    Setting,
    conjunction,
    invalid,
    split_values,
    unescape,
)
from api.fhir.search_parameter import NamedParameter, hierarchies_of
from api.fhir.search_position import read_near
from api.fhir.search_ranges import (
    Alternatives,
    read_date,
    read_number,
    read_quantity,
    starts_with,
)
from api.fhir.search_tokens import read_token

MAX_VALUE_LENGTH: Final = 2_048

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# Guessed without statistics: ids and identifiers choose few, codes of short lists many.
_RANKS: Final = {
    "reference": 1,
    "string": 2,
    "uri": 2,
    "special": 2,
    "token": 3,
    "composite": 3,
    "quantity": 5,
    "number": 5,
    "date": 6,
}
_RANK_OF_IDENTIFIERS: Final = 1
_RANK_OF_PLAIN_CODES: Final = 4
_NEGATIONS: Final = ("not", "not-in")
# Modifiers that look at rows of their own beside those of the parameter.
_OWN_ROWS: Final = ("identifier", "text", "of-type")


def condition_of(named: NamedParameter, values: Sequence[str], setting: Setting) -> Condition:
    """Build the condition of one parameter, any of whose values may match."""
    for value in values:
        if not value.strip():
            raise invalid(named.name, f"{named.name} has an empty value; leave it out instead.")
        if len(value) > MAX_VALUE_LENGTH:
            raise invalid(named.name, f"A value is longer than {MAX_VALUE_LENGTH} characters.")
    if named.modifier == "missing":
        return _missing(named, values)
    read = _READERS["token" if named.modifier == "identifier" else named.parameter.type]
    alternatives = [each for value in values for each in read(named, value, setting)]
    is_negated = named.modifier in _NEGATIONS
    return replace(
        _any_row(named),
        alternatives=tuple(dict.fromkeys(alternatives)),
        is_negated=is_negated,
        rank=UNRANKED if is_negated else _rank(named),
    )


def _any_row(named: NamedParameter) -> Condition:
    """Give the condition that there is a row at all."""
    if named.parameter.code in ("_id", "_lastUpdated"):
        return Condition(RESOURCE, named.key, ((),))
    if named.modifier in _OWN_ROWS:
        return Condition("index_token", f"{named.key}:{named.modifier}", ((),))
    return Condition(TABLES[named.parameter.type], named.key, ((),))


def _missing(named: NamedParameter, values: Sequence[str]) -> Condition:
    if len(values) != 1 or values[0] not in ("true", "false"):
        raise invalid(named.name, f"{named.name} takes true or false.")
    return replace(_any_row(named), is_negated=values[0] == "true")


def _rank(named: NamedParameter) -> int:
    if named.parameter.code == "_id":
        return 0
    if named.modifier == "text":
        return _RANKS["string"]
    if named.modifier == "identifier" or "Identifier" in named.datatypes:
        return _RANK_OF_IDENTIFIERS
    if named.parameter.type == "token" and named.has_only_primitives:
        return _RANK_OF_PLAIN_CODES
    return _RANKS[named.parameter.type]


def _string(named: NamedParameter, value: str, _setting: Setting) -> Alternatives:
    text = unescape(value)
    folded = fold(text)
    start = folded[:START_LENGTH]
    if named.modifier == "exact":
        return [conjunction(("value_start", "=", start), ("value_exact", "=", text))]
    if not folded:
        raise invalid(named.name, f"The value of {named.name} is nothing but accents.")
    if named.modifier == "contains":
        return [conjunction(("value_folded", "like", like_pattern(folded)))]
    if len(folded) <= START_LENGTH:
        return [starts_with("value_start", folded)]
    return [(*conjunction(("value_start", "=", start)), *starts_with("value_folded", folded))]


def _date(named: NamedParameter, value: str, setting: Setting) -> Alternatives:
    return read_date(named.name, unescape(value), setting)


def _number(named: NamedParameter, value: str, _setting: Setting) -> Alternatives:
    return read_number(named.name, unescape(value))


def _quantity(named: NamedParameter, value: str, _setting: Setting) -> Alternatives:
    return read_quantity(named.name, [unescape(each) for each in split_values(value, "|")])


def _reference(named: NamedParameter, value: str, setting: Setting) -> Alternatives:
    text = unescape(value)
    if named.modifier in ("above", "below"):
        return _hierarchy(named, text, setting)
    local = local_reference(text, setting.base_url)
    if local:
        if named.modifier not in (None, local.type):
            raise invalid(named.name, f"{named.name} takes an id or {named.modifier}/id.")
        return [conjunction(("target_id", "=", local.id), ("target_type", "=", local.type))]
    if _ID.fullmatch(text):
        targets = named.parameter.targets
        only_type = named.modifier or (targets[0] if len(targets) == 1 else "")
        of_type = ("target_type", "=" if only_type else ">", only_type)
        return [conjunction(("target_id", "=", text), of_type)]
    if ":" not in text and not named.datatypes & {"canonical", "uri"}:
        raise invalid(named.name, f"{named.name} takes an id, Type/id or an absolute URL.")
    key = equality_key(without_version(text))
    return [conjunction(("target_id", "=", key), ("target_type", "=", ""))]


def _hierarchy(named: NamedParameter, text: str, setting: Setting) -> Alternatives:
    """Ask for references to a resource and to all that are part of it, or that it is part of."""
    upward = hierarchies_of(named.parameter)
    local = local_reference(text, setting.base_url)
    types = [local.type] if local else list(upward)
    resource_id = local.id if local else text
    if not _ID.fullmatch(resource_id) or not set(types) <= set(upward):
        takes = " or ".join(f"{each}/id" for each in upward)
        raise invalid(named.name, f"{named.name} takes {takes}.")
    operator = DESCENDS if named.modifier == "below" else ASCENDS
    return [
        conjunction(
            ("target_type", "=", each), ("target_id", operator, (resource_id, upward[each], each))
        )
        for each in types
    ]


def _uri(named: NamedParameter, value: str, _setting: Setting) -> Alternatives:
    text = unescape(value)
    if named.modifier == "above":
        places = [match.start() for match in re.finditer("/", text)]
        above = [text, *(text[:each] for each in places), *(text[: each + 1] for each in places)]
        return [conjunction(("value", "=", equality_key(each))) for each in above if each]
    exact = conjunction(("value", "=", equality_key(text)))
    if named.modifier != "below":
        return [exact]
    prefix = text if text.endswith("/") else f"{text}/"
    if not is_whole_key(prefix):
        raise invalid(named.name, f"The value of {named.name} is too long for :below.")
    return [exact, starts_with("value", prefix)]


def _composite(named: NamedParameter, value: str, setting: Setting) -> Alternatives:
    """Read `a$b`: every component as its own parameter, all of them in one row."""
    components = component_parameters(named.parameter)
    parts = split_values(value, "$")
    if len(parts) != len(components):
        pattern = "$".join(f"[{each.code}]" for each in components)
        raise invalid(named.name, f"{named.name} takes {pattern}.")
    alternatives = []
    for place, component, part in zip(PLACES, components, parts, strict=False):
        condition = condition_of(NamedParameter(named.name, component, None), (part,), setting)
        names = COMMON_NAMES[condition.table]
        alternatives.append([_renamed(each, place, names) for each in condition.alternatives])
    return [tuple(test for part in parts for test in part) for parts in product(*alternatives)]


def _renamed(alternative: Alternative, place: str, names: Mapping[str, str]) -> Alternative:
    return tuple(
        Comparison(f"{place}_{names[column]}", operator, joint_key(value))
        for column, operator, value in alternative
    )


_READERS: Final[Mapping[str, Callable[[NamedParameter, str, Setting], Alternatives]]] = {
    "string": _string,
    "token": read_token,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
    "uri": _uri,
    "reference": _reference,
    "composite": _composite,
    "special": read_near,
}
