"""The search values of a resource: what each of its search parameters finds in it.

https://hl7.org/fhir/R4/search.html#ptypes

Values come as rows ready for the index tables (`COLUMNS`), so that the search and this module agree
on one spelling (`api.fhir.index_keys`). A parameter is named with its type, `Patient.family`; the
identifier of a logical reference stands under `Patient.organization:identifier`, and a reference
that no parameter covers under `Patient.*`, because a delete must find every one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
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
from api.fhir.links import references
from api.fhir.path import Path, compile_path
from api.fhir.path_steps import Node
from api.fhir.reference import local_reference, without_version
from api.fhir.registry import registry

Resource: TypeAlias = dict[str, Any]
Values: TypeAlias = tuple[Any, ...]
IndexValues: TypeAlias = dict[str, list[Values]]
"""Table → rows in the order of `COLUMNS`, after it `is_lowest` and `is_highest`."""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "index_string": ("parameter", "value_start", "value_folded", "value_exact", "ordinal"),
    "index_token": ("parameter", "code", "system"),
    "index_date": ("parameter", "low", "high"),
    "index_number": ("parameter", "low", "high"),
    "index_quantity": ("parameter", "low", "high", "system", "code", "unit", "ordinal"),
    "index_reference": ("parameter", "target_id", "target_type"),
    "index_uri": ("parameter", "value"),
}
TABLES: Final = {table.removeprefix("index_"): table for table in COLUMNS}
"""Type of search parameter → table; the other types (composite, special) have none of their own."""

SPECIAL_VALUES: Final = "http://terminology.hl7.org/CodeSystem/special-values"
CURRENCIES: Final = "urn:iso:std:iso:4217"
NAME_PARTS: Final = ("text", "family", "given", "prefix", "suffix")
ADDRESS_PARTS: Final = ("text", "line", "city", "district", "state", "postalCode", "country")
CASELESS: Final = frozenset(("string", "markdown", "ContactPoint"))
"""Datatypes whose tokens R4 compares without regard to case."""

# Parameters that the resource's own row answers.
_NOT_INDEXED: Final = ("_id", "_lastUpdated")


@dataclass(frozen=True, slots=True)
class Context:
    """What the values depend on besides the resource.

    References below `base_url` are local; dates without a zone are read in `time_zone`.
    """

    base_url: str
    time_zone: ZoneInfo


def index_values(resource: Resource, resource_type: str, context: Context) -> IndexValues:
    """Give every search value of a valid resource, each once."""
    found: dict[str, dict[Values, None]] = {}
    for parameter, kind, path in _parameters(resource_type):
        values = _VALUES_OF[kind]
        for node in path.select(resource):
            for table, key, *columns in values(node, context):
                found.setdefault(table, {})[(parameter + key, *columns)] = None
    _add_other_references(found, resource, resource_type, context)
    return {table: _marked(table, rows) for table, rows in found.items()}


@cache
def _parameters(resource_type: str) -> tuple[tuple[str, str, Path], ...]:
    served = registry().types[resource_type].search_parameters.values()
    return tuple(
        (f"{resource_type}.{each.code}", each.type, compile_path(each.expression, resource_type))
        for each in served
        if each.type in TABLES and each.code not in _NOT_INDEXED
    )


def _marked(table: str, rows: Iterable[Values]) -> list[Values]:
    """Order the rows of each parameter, and mark which of them sorts first and which last.

    The second column is what `_sort` reads.
    """
    is_numbered = COLUMNS[table][-1] == "ordinal"
    groups: dict[str, list[Values]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    marked: list[Values] = []
    for group in groups.values():
        group.sort(key=lambda row: row[1])
        last = len(group) - 1
        for position, row in enumerate(group):
            ordinal = (position,) if is_numbered else ()
            marked.append((*row, *ordinal, position == 0, position == last))
    return marked


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
            yield "index_reference", "", *_target(text, context)
    elif _has_content(value):
        yield "index_reference", "", *_target(value.get("reference") or "", context)
        identifier = value.get("identifier") or {}
        if _has_content(identifier):
            keys = (equality_key(identifier.get(part, "")) for part in ("value", "system"))
            yield "index_token", ":identifier", *keys


def _target(text: str, context: Context) -> tuple[str, str]:
    """Give (target_id, target_type); what is not local keeps its whole URL and has no type."""
    local = local_reference(text, context.base_url)
    return (local.id, local.type) if local else (equality_key(without_version(text)), "")


def _has_content(value: Any) -> bool:
    """Tell whether there is a value: an element of only an id and extensions has none."""
    return not isinstance(value, dict) or bool(value.keys() - {"id", "extension"})


_VALUES_OF: Final[Mapping[str, Callable[[Node, Context], Iterator[Values]]]] = {
    "string": _string,
    "token": _token,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
    "uri": _uri,
    "reference": _reference,
}


def _add_other_references(
    found: dict[str, dict[Values, None]],
    resource: Resource,
    resource_type: str,
    context: Context,
) -> None:
    rows = found.get("index_reference", {})
    covered = {(target_id, target_type) for _, target_id, target_type in rows}
    for _, reference in references(resource):
        target = _target(reference.get("reference") or "", context)
        if target[1] and target not in covered:
            found.setdefault("index_reference", {})[(f"{resource_type}.*", *target)] = None
