"""Index rows of composite parameters: values that stand in one element, side by side in one row.

https://hl7.org/fhir/R4/search.html#combining

`component-code-value-quantity` finds a code and a quantity of the same component. So each element
gives a row for every combination of the values of its components, and a search asks one row.

The columns of a component are those of its own table under common names: `low` leads, text in the
order of the values whatever their type.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any, Final, NamedTuple

from api.fhir.index_keys import low_key
from api.fhir.index_nodes import VALUES_OF, Context, Values
from api.fhir.path import Path, compile_component, compile_path
from api.fhir.path_steps import Node
from api.fhir.registry import SearchParameter, registry

COMMON_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "index_token": {"code": "low", "system": "system"},
    "index_reference": {"target_id": "low", "target_type": "system"},
    "index_uri": {"value": "low"},
    "index_string": {"value_start": "low", "value_folded": "high", "value_exact": "code"},
    "index_date": {"low": "low", "high": "high"},
    "index_number": {"low": "low", "high": "high"},
    "index_quantity": {each: each for each in ("low", "high", "system", "code", "unit")},
}
"""Table of a component → its columns by their names in a composite row."""

PLACES: Final = ("first", "second", "third")
COMPOSITE_COLUMNS: Final = (
    "first_low",
    "first_system",
    "second_low",
    "second_high",
    "second_system",
    "second_code",
    "second_unit",
    "third_low",
    "third_high",
)
"""What the composites of R4 need: a token, anything, and a number."""


class _Component(NamedTuple):
    kind: str
    path: Path
    datatypes: frozenset[str]


class _Composite(NamedTuple):
    """A composite parameter, which finds nothing in a resource that has none of `keys`."""

    key: str
    path: Path
    components: tuple[_Component, ...]
    keys: frozenset[str] | None


def composite_rows(resource: dict[str, Any], resource_type: str, context: Context) -> list[Values]:
    """Give the rows of all composite parameters, each with its ordinal."""
    rows: list[Values] = []
    for composite in _composites(resource_type):
        if composite.keys is not None and composite.keys.isdisjoint(resource):
            continue
        found: dict[Values, None] = {}
        for element in composite.path.select(resource):
            for columns in _rows_of_element(element, composite, resource, context):
                found[columns] = None
        rows.extend((composite.key, *row, ordinal) for ordinal, row in enumerate(found))
    return rows


def joint_key(value: Any) -> str:
    """Give a value of a component as a composite row holds it: instants as text in their order."""
    return low_key(Decimal(value)) if isinstance(value, int) else value


def _rows_of_element(
    element: Node, composite: _Composite, resource: dict[str, Any], context: Context
) -> Iterator[Values]:
    values: list[list[dict[str, str]]] = []
    # The last one first, since it tells composites of the same element apart: its value.
    for place, component in reversed([*zip(PLACES, composite.components, strict=False)]):
        values.append(list(_values(component, place, element, resource, context)))
        if not values[-1]:
            return
    for parts in product(*reversed(values)):
        row = {name: value for part in parts for name, value in part.items()}
        yield tuple(row.get(name, "") for name in COMPOSITE_COLUMNS)


def _values(
    component: _Component, place: str, element: Node, resource: dict[str, Any], context: Context
) -> Iterator[dict[str, str]]:
    for node in component.path.select_within(element, resource):
        if node.datatype not in component.datatypes:
            continue
        for table, key, *columns in VALUES_OF[component.kind](node, context):
            if not key:
                names = COMMON_NAMES[table].values()
                yield {
                    f"{place}_{name}": joint_key(each)
                    for name, each in zip(names, columns, strict=True)
                }


@cache
def component_parameters(parameter: SearchParameter) -> tuple[SearchParameter, ...]:
    """Give the search parameters as which the components behave, in the order of their values.

    R4 names the two of DocumentReference.relationship the wrong way round: an expression goes with
    the parameter that looks at what it selects.
    """
    served = registry().types[parameter.base].search_parameters
    named = [served[each.code] for each in parameter.components]
    focus = compile_path(parameter.expression, parameter.base).datatypes
    found = []
    for own, component in zip(named, parameter.components, strict=True):
        selected = compile_component(component.expression, focus, parameter.base).datatypes
        found.append(next((each for each in (own, *named) if selected & _datatypes(each)), own))
    return tuple(found)


def _datatypes(parameter: SearchParameter) -> frozenset[str]:
    return compile_path(parameter.expression, parameter.base).datatypes


@cache
def _composites(resource_type: str) -> tuple[_Composite, ...]:
    served = registry().types[resource_type].search_parameters.values()
    return tuple(_composite(each) for each in served if each.type == "composite")


def _composite(parameter: SearchParameter) -> _Composite:
    path = compile_path(parameter.expression, parameter.base)
    components = tuple(
        _Component(
            own.type,
            compile_component(component.expression, path.datatypes, parameter.base),
            _datatypes(own),
        )
        for own, component in zip(
            component_parameters(parameter), parameter.components, strict=True
        )
    )
    keys = _keys(parameter, components[-1].path)
    return _Composite(f"{parameter.base}.{parameter.code}", path, components, keys)


def _keys(parameter: SearchParameter, last: Path) -> frozenset[str] | None:
    """Give the JSON keys of a resource without which there is no element, or no value in it."""
    branches = [each.strip() for each in parameter.expression.split("|")]
    keys = [
        last.keys if each == parameter.base else compile_path(each, parameter.base).keys
        for each in branches
    ]
    known = [each for each in keys if each is not None]
    return frozenset().union(*known) if len(known) == len(keys) else None
