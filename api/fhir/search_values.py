"""The values of a search parameter as a condition on the index.

https://hl7.org/fhir/R4/search.html#ptypes

One reader a type of parameter; each gives the alternatives of one value, escapes already kept
apart from separators. A value that cannot be read is a Failure (INVALID) naming the parameter.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from api.fhir.index_keys import (
    START_LENGTH,
    end_of_prefix,
    equality_key,
    fold,
    is_whole_key,
    like_pattern,
)
from api.fhir.index_values import CASELESS, TABLES
from api.fhir.reference import local_reference, without_version
from api.fhir.search_condition import (
    RESOURCE,
    UNRANKED,
    Alternative,
    Condition,
    Setting,
    conjunction,
    invalid,
    split_values,
)
from api.fhir.search_parameter import NamedParameter
from api.fhir.search_ranges import Alternatives, read_date, read_number, read_quantity

MAX_VALUE_LENGTH: Final = 2_048

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# Guessed without statistics: ids and identifiers choose few, codes of short lists many.
_RANKS: Final = {
    "reference": 1,
    "string": 2,
    "uri": 2,
    "token": 3,
    "quantity": 5,
    "number": 5,
    "date": 6,
}
_RANK_OF_IDENTIFIERS: Final = 1
_RANK_OF_PLAIN_CODES: Final = 4


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
    return replace(
        _any_row(named),
        alternatives=tuple(dict.fromkeys(alternatives)),
        is_negated=named.modifier == "not",
        rank=UNRANKED if named.modifier == "not" else _rank(named),
    )


def unescape(text: str) -> str:
    r"""Resolve `\,` `\|` `\$` `\\`; a `\` before anything else stands for itself."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def _any_row(named: NamedParameter) -> Condition:
    """Give the condition that there is a row at all."""
    if named.parameter.code in ("_id", "_lastUpdated"):
        return Condition(RESOURCE, named.key, ((),))
    if named.modifier == "identifier":
        return Condition("index_token", f"{named.key}:identifier", ((),))
    return Condition(TABLES[named.parameter.type], named.key, ((),))


def _missing(named: NamedParameter, values: Sequence[str]) -> Condition:
    if len(values) != 1 or values[0] not in ("true", "false"):
        raise invalid(named.name, f"{named.name} takes true or false.")
    return replace(_any_row(named), is_negated=values[0] == "true")


def _rank(named: NamedParameter) -> int:
    if named.parameter.code == "_id":
        return 0
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
        return [_starts_with("value_start", folded)]
    return [(*conjunction(("value_start", "=", start)), *_starts_with("value_folded", folded))]


def _starts_with(column: str, prefix: str) -> Alternative:
    end = end_of_prefix(prefix)
    limit = conjunction((column, "<", end)) if end is not None else ()
    return (*conjunction((column, ">=", prefix)), *limit)


def _token(named: NamedParameter, value: str, _setting: Setting) -> Alternatives:
    if named.parameter.code == "_id":
        return [conjunction(("resource_id", "=", unescape(value)))]
    parts = [unescape(each) for each in split_values(value, "|")]
    has_system = len(parts) > 1
    system, code = (parts[0], "|".join(parts[1:])) if has_system else ("", parts[0])
    if not code and not system:
        raise invalid(named.name, f"{named.name} takes code, system|code, system| or |code.")
    systems: Alternative = ()
    # `|code` asks for a code without a system, and a plain code or boolean has no system to name.
    if system or (has_system and not named.has_only_primitives):
        systems = conjunction(("system", "=", equality_key(system)))
    if not code:
        return [systems]
    spellings = (conjunction(("code", "=", equality_key(each))) for each in _cases(named, code))
    return [(*spelling, *systems) for spelling in spellings]


def _cases(named: NamedParameter, code: str) -> list[str]:
    """Give a code as the index may hold it: folded where R4 compares without regard to case."""
    if named.modifier == "identifier" or not named.datatypes & CASELESS:
        return [code]
    return [code.casefold()] if named.datatypes <= CASELESS else [code, code.casefold()]


def _date(named: NamedParameter, value: str, setting: Setting) -> Alternatives:
    return read_date(named.name, unescape(value), setting)


def _number(named: NamedParameter, value: str, _setting: Setting) -> Alternatives:
    return read_number(named.name, unescape(value))


def _quantity(named: NamedParameter, value: str, _setting: Setting) -> Alternatives:
    return read_quantity(named.name, [unescape(each) for each in split_values(value, "|")])


def _reference(named: NamedParameter, value: str, setting: Setting) -> Alternatives:
    text = unescape(value)
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
    return [exact, _starts_with("value", prefix)]


_READERS: Final[Mapping[str, Callable[[NamedParameter, str, Setting], Alternatives]]] = {
    "string": _string,
    "token": _token,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
    "reference": _reference,
    "uri": _uri,
}
