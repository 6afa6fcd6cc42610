"""The values of token parameters as conditions: codes, identifiers, and the modifiers on them.

https://hl7.org/fhir/R4/search.html#token
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from api.fhir.index_keys import equality_key, fold, is_whole_key
from api.fhir.index_nodes import CASELESS
from api.fhir.search_condition import (
    ANY,
    Alternative,
    Setting,
    conjunction,
    invalid,
    split_values,
    unescape,
)
from api.fhir.search_parameter import NamedParameter, NotUnderstoodError, not_supported, shown
from api.fhir.search_ranges import Alternatives, starts_with

_OF_TYPE_PARTS: Final = 3
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")


def read_token(named: NamedParameter, value: str, setting: Setting) -> Alternatives:
    """Give the alternatives of one value of a token parameter or of an identifier in a reference.

    Raises Failure INVALID, and NotUnderstoodError for a value set or hierarchy not known here.
    """
    read = _READERS.get(named.modifier or "")
    return read(named, value, setting) if read else _coded(named, value)


def _coded(named: NamedParameter, value: str) -> Alternatives:
    if named.parameter.code == "_id":
        return [conjunction(("resource_id", "=", unescape(value)))]
    has_system, system, code = _parts(value)
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


def _parts(value: str) -> tuple[bool, str, str]:
    """Give whether there is a `|`, what stands before it, and what stands after it."""
    parts = [unescape(each) for each in split_values(value, "|")]
    if len(parts) == 1:
        return False, "", parts[0]
    return True, parts[0], "|".join(parts[1:])


def _cases(named: NamedParameter, code: str) -> list[str]:
    """Give a code as the index may hold it: folded where R4 compares without regard to case."""
    if named.modifier == "identifier" or not named.datatypes & CASELESS:
        return [code]
    return [code.casefold()] if named.datatypes <= CASELESS else [code, code.casefold()]


def _text(named: NamedParameter, value: str, _setting: Setting) -> Alternatives:
    folded = fold(unescape(value))
    if not folded:
        raise invalid(named.name, f"The value of {named.name} is nothing but accents.")
    if not is_whole_key(folded):
        raise invalid(named.name, f"The value of {named.name} is too long.")
    return [starts_with("code", folded)]


def _of_type(named: NamedParameter, value: str, _setting: Setting) -> Alternatives:
    parts = [unescape(each) for each in split_values(value, "|")]
    if len(parts) != _OF_TYPE_PARTS or not all(parts):
        sentence = (
            f"{named.name} takes system|code|value, the first two of the identifier's type, such as"
            " http://terminology.hl7.org/CodeSystem/v2-0203|MR|12345."
        )
        raise invalid(named.name, sentence)
    system, code, text = parts
    kind = equality_key(f"{system}|{code}")
    return [conjunction(("code", "=", equality_key(text)), ("system", "=", kind))]


def _in_value_set(named: NamedParameter, value: str, setting: Setting) -> Alternatives:
    url = unescape(value)
    known = setting.terminology.codes_in(url) if setting.terminology else None
    if known is None:
        sentence = f"{named.name}: the value set {shown(url)} is not known here, or has no list."
        if not _ABSOLUTE.fullmatch(url):
            sentence = f"{named.name} takes the canonical URL of a value set."
        raise NotUnderstoodError(not_supported(named.name, sentence))
    by_system: dict[str, list[str]] = {}
    for system, code in known:
        by_system.setdefault(system, []).append(code)
    if not by_system:
        # A value set of nothing; no row has this system, since keys are never so.
        return [conjunction(("system", "=", "\x01"))]
    return [_one_of(system, codes) for system, codes in sorted(by_system.items())]


def _subsumed(named: NamedParameter, value: str, setting: Setting) -> Alternatives:
    _, system, code = _parts(value)
    if not system or not code:
        sentence = f"{named.name} takes system|code: a code alone belongs to no hierarchy."
        raise invalid(named.name, sentence)
    related = _related(named.modifier, system, code, setting)
    if related is None:
        sentence = (
            f"{named.name}: the hierarchy of the code system {shown(system)} is not known here."
            " SNOMED CT's is not part of this server; name the codes instead."
        )
        raise NotUnderstoodError(not_supported(named.name, sentence))
    return [_one_of(system, {code, *related})]


def _related(
    modifier: str | None, system: str, code: str, setting: Setting
) -> Collection[str] | None:
    if setting.terminology is None:
        return None
    if modifier == "below":
        return setting.terminology.descendants(system, code)
    return setting.terminology.ancestors(system, code)


def _one_of(system: str, codes: Iterable[str]) -> Alternative:
    listed = tuple(sorted(equality_key(each) for each in codes))
    return conjunction(("code", ANY, listed), ("system", "=", equality_key(system)))


_READERS: Final[Mapping[str, Callable[[NamedParameter, str, Setting], Alternatives]]] = {
    "text": _text,
    "of-type": _of_type,
    "in": _in_value_set,
    "not-in": _in_value_set,
    "above": _subsumed,
    "below": _subsumed,
}
