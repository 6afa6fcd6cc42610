"""One comparison of a `_filter`: parameter, operator, value.

https://hl7.org/fhir/R4/search_filter.html#ops
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Final

from api.fhir.dates import parse_search_date
from api.fhir.index_keys import START_LENGTH, fold, like_pattern
from api.fhir.outcome import Failure
from api.fhir.search_condition import (
    ANY,
    RESOURCE,
    Alternative,
    Comparison,
    Condition,
    Criterion,
    Setting,
    conjunction,
    invalid,
)
from api.fhir.search_parameter import NamedParameter, NotUnderstoodError, not_supported
from api.fhir.search_ranges import starts_with
from api.fhir.search_values import condition_of

OPERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "eq": ("string", "token", "date", "number", "quantity", "reference", "uri", "composite"),
    "ne": ("string", "token", "date", "number", "quantity", "reference", "uri"),
    "co": ("string", "token", "uri"),
    "sw": ("string", "token", "uri"),
    "ew": ("string", "token", "uri"),
    **dict.fromkeys(("gt", "lt", "ge", "le", "ap", "sa", "eb"), ("date", "number", "quantity")),
    "pr": ("string", "token", "date", "number", "quantity", "reference", "uri", "special"),
    "po": ("date",),
    "ss": ("token",),
    "sb": ("token",),
    "in": ("token",),
    "ni": ("token",),
    "re": ("reference",),
}
"""Operator → types of parameter that it compares."""

# What a value subsumes lies below it.
_AS_MODIFIERS: Final = {"ss": "below", "sb": "above", "in": "in", "ni": "not-in"}
_TEXT_COLUMNS: Final = {"string": "value_folded", "token": "code", "uri": "value"}
_OPPOSITES: Final = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def comparison(named: NamedParameter, operator: str, value: str, setting: Setting) -> Criterion:
    """Give the criterion of a comparison.

    Raises NotUnderstoodError where the operator does not compare such parameters.
    """
    kind = named.parameter.type
    if kind not in OPERATORS[operator]:
        taken = ", ".join(each for each, kinds in OPERATORS.items() if kind in kinds)
        code = named.parameter.code
        sentence = f"_filter: {operator} does not compare '{code}', a {kind}. It takes: {taken}."
        raise NotUnderstoodError(not_supported("_filter", sentence))
    named = replace(named, name=f"_filter={named.name}")
    if operator in _AS_MODIFIERS:
        named = replace(named, modifier=_AS_MODIFIERS[operator])
        return condition_of(named, (value,), setting)
    if operator == "pr":
        return _is_present(named, value, setting)
    if operator == "po":
        return _overlaps(named, value, setting)
    return _compared(named, operator, value, setting)


def _compared(named: NamedParameter, operator: str, value: str, setting: Setting) -> Criterion:
    kind = named.parameter.type
    if operator in ("co", "sw", "ew") or (kind == "string" and operator == "eq"):
        return _on_text(named, operator, value, setting)
    if kind in ("date", "number", "quantity"):
        return condition_of(named, (operator + value,), setting)
    if kind == "string":
        return _unequal(_on_text(named, "eq", value, setting))
    condition = condition_of(named, (value,), setting)
    return _unequal(condition) if operator == "ne" else condition


def _is_present(named: NamedParameter, value: str, setting: Setting) -> Criterion:
    if value not in ("true", "false"):
        raise invalid("_filter", "_filter: pr takes true or false.")
    is_missing = "false" if value == "true" else "true"
    return condition_of(replace(named, modifier="missing"), (is_missing,), setting)


def _overlaps(named: NamedParameter, value: str, setting: Setting) -> Criterion:
    asked = parse_search_date(value, setting.time_zone, named.name)
    overlap = conjunction(("low", "<", asked.high), ("high", ">", asked.low))
    condition = condition_of(named, (value,), setting)
    return replace(condition, alternatives=(overlap,))


def _on_text(named: NamedParameter, operator: str, value: str, setting: Setting) -> Condition:
    # Read once as usual, so that what could never be a value is refused in the usual words.
    condition = condition_of(replace(named, modifier=None), (value,), setting)
    column = _TEXT_COLUMNS[named.parameter.type]
    if condition.table == RESOURCE:
        column = "resource_id"
    text = fold(value) if column == "value_folded" else value
    alternatives: Mapping[str, Alternative] = {
        "eq": conjunction(("value_start", "=", text[:START_LENGTH]), (column, "=", text)),
        "co": conjunction((column, "like", like_pattern(text))),
        "sw": starts_with(column, text),
        "ew": conjunction((column, "like", like_pattern(text).removesuffix("%"))),
    }
    return replace(condition, alternatives=(alternatives[operator],))


def _unequal(condition: Condition) -> Condition:
    """Ask for a row that satisfies no alternative: a value unlike the one that is named."""
    flipped = [[_opposite(test) for test in each] for each in condition.alternatives]
    return replace(condition, alternatives=tuple(product(*flipped)))


def _opposite(test: Comparison) -> Comparison:
    if test.operator == ANY:
        raise _refused_list()
    return test._replace(operator=_OPPOSITES[test.operator])


def _refused_list() -> Failure:
    return invalid("_filter", "_filter: ne compares with one value.")
