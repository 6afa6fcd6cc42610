"""The search values of a resource: what each of its search parameters finds in it.

https://hl7.org/fhir/R4/search.html#ptypes

Values come as rows ready for the index tables (`COLUMNS`), so that the search and this module agree
on one spelling (`api.fhir.index_keys`). A parameter is named with its type, `Patient.family`; the
identifier of a logical reference stands under `Patient.organization:identifier`, and a reference
that no parameter covers under `Patient.*`, because a delete must find every one.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from api.fhir.index_composite import COMPOSITE_COLUMNS, composite_rows
from api.fhir.index_nodes import VALUES_OF, Context, Values, target_of
from api.fhir.index_position import position_of
from api.fhir.links import references
from api.fhir.path import Path, compile_path
from api.fhir.registry import SearchParameter, registry

Resource: TypeAlias = dict[str, Any]
IndexValues: TypeAlias = dict[str, list[Values]]
"""Table → rows in the order of `COLUMNS`; where `_sort` may ask, `is_lowest` and `is_highest`."""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "index_string": ("parameter", "value_start", "value_folded", "value_exact", "ordinal"),
    "index_token": ("parameter", "code", "system"),
    "index_date": ("parameter", "low", "high"),
    "index_number": ("parameter", "low", "high"),
    "index_quantity": ("parameter", "low", "high", "system", "code", "unit", "ordinal"),
    "index_reference": ("parameter", "target_id", "target_type"),
    "index_uri": ("parameter", "value"),
    "index_composite": ("parameter", *COMPOSITE_COLUMNS, "ordinal"),
    "index_position": ("parameter", "x", "y", "z"),
}
TABLES: Final = {
    **{kind: f"index_{kind}" for kind in VALUES_OF},
    "composite": "index_composite",
    "special": "index_position",
}
"""Type of search parameter → table."""

SORTED_TABLES: Final = frozenset(TABLES[kind] for kind in VALUES_OF)
"""Tables that mark the row by which `_sort` orders."""

# Parameters that the resource's own row answers.
_NOT_INDEXED: Final = ("_id", "_lastUpdated")


def index_values(resource: Resource, resource_type: str, context: Context) -> IndexValues:
    """Give every search value of a valid resource, each once."""
    found: dict[str, dict[Values, None]] = {}
    for parameter, kind, path in _parameters(resource_type):
        values = VALUES_OF[kind]
        for node in path.select(resource):
            for table, key, *columns in values(node, context):
                found.setdefault(table, {})[(parameter + key, *columns)] = None
    _add_other_references(found, resource, resource_type, context)
    rows = {table: _marked(table, each) for table, each in found.items()}
    rows.update(_joint_rows(resource, resource_type, context))
    return rows


def _joint_rows(resource: Resource, resource_type: str, context: Context) -> IndexValues:
    """Give the rows of composite and special parameters."""
    rows: IndexValues = {}
    composites = composite_rows(resource, resource_type, context)
    if composites:
        rows["index_composite"] = composites
    for key, path in _positions(resource_type):
        points = (position_of(node.value) for node in path.select(resource))
        found = [(key, *point) for point in points if point is not None]
        if found:
            rows["index_position"] = found
    return rows


@cache
def _parameters(resource_type: str) -> tuple[tuple[str, str, Path], ...]:
    return tuple(
        (f"{resource_type}.{each.code}", each.type, compile_path(each.expression, resource_type))
        for each in _served(resource_type)
        if each.type in VALUES_OF and each.code not in _NOT_INDEXED
    )


@cache
def _positions(resource_type: str) -> tuple[tuple[str, Path], ...]:
    return tuple(
        (f"{resource_type}.{each.code}", compile_path(each.expression, resource_type))
        for each in _served(resource_type)
        if each.type == "special"
    )


def _served(resource_type: str) -> Iterable[SearchParameter]:
    return registry().types[resource_type].search_parameters.values()


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


def _add_other_references(
    found: dict[str, dict[Values, None]],
    resource: Resource,
    resource_type: str,
    context: Context,
) -> None:
    rows = found.get("index_reference", {})
    covered = {(target_id, target_type) for _, target_id, target_type in rows}
    for _, reference in references(resource):
        target = target_of(reference.get("reference") or "", context)
        if target[1] and target not in covered:
            found.setdefault("index_reference", {})[(f"{resource_type}.*", *target)] = None
