"""The index rows of one element: how a value of each datatype is found by each type of parameter.

https://hl7.org/fhir/R4/search.html#ptypes

A row is its table, what is added to the parameter's name, and the values. Beside the value itself
stand `:identifier` (of a logical reference), `:text` (of a concept) and `:of-type` (of an
identifier), which the modifiers of those names look at.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from api.fhir import definitions
from api.fhir.dates import interval_of
from api.fhir.index_keys import (
    ABOVE_ALL_NUMBERS,
    BELOW_ALL_NUMBERS,
    START_LENGTH,
    equality_key,
    fold,
    high_key,
    low_key,
)
from api.fhir.path_steps import Node
from api.fhir.reference import local_reference, without_version

Values: TypeAlias = tuple[Any, ...]

SPECIAL_VALUES: Final = "http://terminology.hl7.org/CodeSystem/special-values"
CURRENCIES: Final = "urn:iso:std:iso:4217"
NAME_PARTS: Final = ("text", "family", "given", "prefix", "suffix")
ADDRESS_PARTS: Final = ("text", "line", "city", "district", "state", "postalCode", "country")
CASELESS: Final = frozenset(("string", "markdown", "ContactPoint"))
"""Datatypes whose tokens R4 compares without regard to case."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the values depend on besides the resource.

    References below `base_url` are local; dates without a zone are read in `time_zone`.
    """

    base_url: str
    time_zone: ZoneInfo


def _string(node: Node, _context: Context) -> Iterator[Values]:
    for text in _texts(node):
        folded = fold(text)
        yield "index_string", "", folded[:START_LENGTH], folded, text


def _texts(node: Node) -> Iterator[str]:
    parts = {"HumanName": NAME_PARTS, "Address": ADDRESS_PARTS}.get(node.datatype, ())
    if isinstance(node.value, str):
        yield node.value
    for part in parts:
        text = node.value.get(part)
        yield from (each for each in (text if isinstance(text, list) else (text,)) if each)


def _token(node: Node, _context: Context) -> Iterator[Values]:
    if not _has_content(node.value):
        return
    for system, code in _codings(node):
        folded = code.casefold() if node.datatype in CASELESS else code
        yield "index_token", "", equality_key(folded), equality_key(system)
    for text in _texts_of_concept(node):
        if folded := fold(text):
            yield "index_token", ":text", equality_key(folded), ""
    if node.datatype == "Identifier":
        for each in _coded_type(node.value):
            kind = f"{each.get('system', '')}|{each.get('code', '')}"
            value = node.value.get("value", "")
            yield "index_token", ":of-type", equality_key(value), equality_key(kind)


def _texts_of_concept(node: Node) -> Iterator[str]:
    """Give CodeableConcept.text and Coding.display, and Identifier.type.text."""
    value = node.value
    if node.datatype == "Coding":
        yield value.get("display", "")
    elif node.datatype == "CodeableConcept":
        yield value.get("text", "")
        yield from (each.get("display", "") for each in value.get("coding") or ())
    elif node.datatype == "Identifier":
        yield (value.get("type") or {}).get("text", "")


def _coded_type(identifier: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (identifier.get("type") or {}).get("coding") or ()


def _codings(node: Node) -> Iterator[tuple[str, str]]:
    """Give (system, code). What has neither, a concept of text only, still counts as a value."""
    value, datatype = node.value, node.datatype
    if isinstance(value, bool):
        yield SPECIAL_VALUES, "true" if value else "false"
    elif isinstance(value, str):
        implicit = definitions.system_of(node.value_set, value) if node.value_set else None
        yield implicit or "", value
    elif datatype == "CodeableConcept":
        codings: Iterable[dict[str, Any]] = value.get("coding") or ({},)
        yield from ((each.get("system", ""), each.get("code", "")) for each in codings)
    elif datatype == "ContactPoint":
        yield "", value.get("value", "")
    else:
        yield value.get("system", ""), value.get("code") or value.get("value") or ""


def _date(node: Node, context: Context) -> Iterator[Values]:
    interval = interval_of(node.value, node.datatype, context.time_zone)
    if interval is not None:
        yield "index_date", "", interval.low, interval.high


def _number(node: Node, _context: Context) -> Iterator[Values]:
    bounds = _bounds(node.value, node.value)
    if node.datatype == "Range":
        bounds = _bounds(*_range_ends(node.value))
    if bounds is not None:
        yield "index_number", "", *bounds


def _quantity(node: Node, _context: Context) -> Iterator[Values]:
    value = node.value
    if node.datatype == "Range":
        bounds = _bounds(*_range_ends(value))
        value = value.get("low") or value.get("high") or {}
    else:
        bounds = _bounds(value.get("value"), value.get("value"))
    if bounds is None:
        return
    system, code = value.get("system", ""), value.get("code", "")
    if node.datatype == "Money":
        system, code = CURRENCIES, value.get("currency", "")
    unit = value.get("unit", "")
    yield "index_quantity", "", *bounds, *(equality_key(each) for each in (system, code, unit))


def _range_ends(value: dict[str, Any]) -> tuple[Any, Any]:
    return (value.get("low") or {}).get("value"), (value.get("high") or {}).get("value")


def _bounds(low: Any, high: Any) -> tuple[str, str] | None:
    """Give the keys of a closed interval; a missing end is open, and two are no value at all."""
    bounds = [each if isinstance(each, int | Decimal) else None for each in (low, high)]
    if bounds == [None, None]:
        return None
    return (
        BELOW_ALL_NUMBERS if bounds[0] is None else low_key(Decimal(bounds[0])),
        ABOVE_ALL_NUMBERS if bounds[1] is None else high_key(Decimal(bounds[1])),
    )


def _uri(node: Node, _context: Context) -> Iterator[Values]:
    if isinstance(node.value, str):
        for text in _with_and_without_version(node):
            yield "index_uri", "", equality_key(text)


def _with_and_without_version(node: Node) -> tuple[str, ...]:
    """Give the spellings of a canonical: it is found by its URL too, whatever its version."""
    url, _, version = node.value.partition("|")
    return (node.value, url) if node.datatype == "canonical" and version else (node.value,)


def _reference(node: Node, context: Context) -> Iterator[Values]:
    value = node.value
    if node.datatype == "Resource":
        value = {"reference": f"{value['resourceType']}/{value['id']}"} if "id" in value else {}
    if isinstance(value, str):
        for text in _with_and_without_version(node):
            yield "index_reference", "", *target_of(text, context)
    elif _has_content(value):
        yield "index_reference", "", *target_of(value.get("reference") or "", context)
        identifier = value.get("identifier") or {}
        if _has_content(identifier):
            keys = (equality_key(identifier.get(part, "")) for part in ("value", "system"))
            yield "index_token", ":identifier", *keys


def target_of(text: str, context: Context) -> tuple[str, str]:
    """Give (target_id, target_type); what is not local keeps its whole URL and has no type."""
    local = local_reference(text, context.base_url)
    return (local.id, local.type) if local else (equality_key(without_version(text)), "")


def _has_content(value: Any) -> bool:
    """Tell whether there is a value: an element of only an id and extensions has none."""
    return not isinstance(value, dict) or bool(value.keys() - {"id", "extension"})


VALUES_OF: Final[Mapping[str, Callable[[Node, Context], Iterator[Values]]]] = {
    "string": _string,
    "token": _token,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
    "uri": _uri,
    "reference": _reference,
}
