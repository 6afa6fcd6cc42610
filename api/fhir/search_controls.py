"""Parameters that shape the answer of a search: `_sort`, `_count`, `_summary` and the like.

https://hl7.org/fhir/R4/search.html#return
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from api.fhir.index_values import SORTED_TABLES, TABLES
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.registry import registry
from api.fhir.search_asked import SearchOptions, SortKey, Total
from api.fhir.search_condition import RESOURCE
from api.fhir.search_links import parameter_of
from api.fhir.search_parameter import NotUnderstoodError, nearest, not_supported, shown
from api.fhir.subset import SUMMARIES, element_names

SORT_COLUMNS: Final = {
    "index_string": "value_start",
    "index_token": "code",
    "index_date": "low",
    "index_number": "low",
    "index_quantity": "low",
    "index_reference": "target_id",
    "index_uri": "value",
}
_RESOURCE_SORTS: Final = {"_id": "resource_id", "_lastUpdated": "last_updated"}
_TOTALS: Final[Mapping[str, Total]] = {each: each for each in ("none", "estimate", "accurate")}


def sort_key(types: Sequence[str], code: str, *, is_descending: bool) -> SortKey:
    """Give the key of a parameter; raise NotUnderstoodError for what cannot be sorted by."""
    try:
        found = [parameter_of(each, code) for each in types]
    except NotUnderstoodError as error:
        issue = Issue(error.issue.code, f"_sort: {error.issue.diagnostics}", ("http._sort",))
        raise NotUnderstoodError(issue) from None
    named = found[0]
    tables = {TABLES[each.parameter.type] for each in found}
    if named.modifier is not None or not tables <= SORTED_TABLES:
        sentence = "_sort takes search parameters without a modifier, none composite or special."
        raise NotUnderstoodError(not_supported("_sort", sentence))
    column = _RESOURCE_SORTS.get(code)
    if column:
        return SortKey(code, RESOURCE, column, named.key, is_descending)
    if len(tables) > 1:
        sentence = f"_sort: {shown(code)} is of another kind on each type; name one type."
        raise NotUnderstoodError(not_supported("_sort", sentence))
    table = tables.pop()
    keys = tuple(each.key for each in found) if len(found) > 1 else ()
    return SortKey(code, table, SORT_COLUMNS[table], named.key, is_descending, keys)


def count_of(value: str, options: SearchOptions) -> int:
    """Read `_count`, within what the server gives."""
    if not re.fullmatch("[0-9]+", value):
        sentence = "_count takes the largest number of matches on a page, 0 for their number alone."
        raise refused(Issue("value", sentence, ("http._count",)))
    # A number of so many digits is above every limit, and Python would not even read it.
    is_long = len(value) > len(str(options.max_count)) + 20
    return min(options.max_count if is_long else int(value), options.max_count)


def total_of(value: str) -> Total:
    """Read `_total`."""
    return _TOTALS[_one_of("_total", value, tuple(_TOTALS))]


def summary_of(value: str) -> str:
    """Read `_summary`."""
    return _one_of("_summary", value, SUMMARIES)


def is_true(name: str, value: str) -> bool:
    """Read a parameter that is true or false."""
    return _one_of(name, value, ("true", "false")) == "true"


def elements_of(value: str, types: Sequence[str]) -> tuple[str, ...]:
    """Read `_elements`: elements at the root, of every type searched or of `Type.element`."""
    names = [each.strip() for each in value.split(",")]
    for name in names:
        named, dot, element = name.rpartition(".")
        if dot and registry().get(named) is None:
            sentence = f"_elements takes elements at the root of a resource, not {shown(name)}."
            raise refused(Issue("value", sentence, ("http._elements",)))
        asked = [named] if dot else types
        if not any(element in element_names(each) for each in asked):
            known = [each for kind in asked for each in element_names(kind)]
            close = nearest(element, [each for each in known if not each.endswith("[x]")])
            hint = f" Did you mean '{close}'?" if close else ""
            sentence = f"_elements: {asked[0]} has no element {shown(element)}.{hint}"
            raise refused(Issue("value", sentence, ("http._elements",)))
    return tuple(names)


def types_of(value: str, offered: Sequence[str]) -> tuple[str, ...]:
    """Read `_type`; only those count that are offered, where that is not empty."""
    names = tuple(dict.fromkeys(each.strip() for each in value.split(",")))
    for name in names:
        found = registry().get(name)
        if found is None or not found.is_stored:
            close = registry().nearest(name)
            hint = f" Did you mean {close}?" if close else ""
            sentence = f"_type: {shown(name)} is not a resource type of this server.{hint}"
            raise refused(Issue("value", sentence, ("http._type",)))
    return tuple(each for each in names if not offered or each in offered)


def refused(issue: Issue) -> Failure:
    """Give the failure that an issue makes of a request."""
    return Failure(FailureKind.INVALID, issue)


def _one_of(name: str, value: str, known: Sequence[str]) -> str:
    if value in known:
        return value
    close = nearest(value, known)
    hint = f" Did you mean '{close}'?" if close else ""
    sentence = f"{name} takes {' or '.join(known)}, not {shown(value)}.{hint}"
    raise refused(Issue("value", sentence, (f"http.{name}",)))
