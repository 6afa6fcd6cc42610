"""The check of one JSON object against the table of its type."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from api.fhir.invariants import Invariant
from api.fhir.primitives import json_type, wrong_type
from api.fhir.validation_problem import (
    MAX_PROBLEMS,
    NONE,
    Check,
    Problem,
    Problems,
    Scope,
    rule,
    under,
)

MAX_KEY_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Field:
    """How one JSON key is checked: each value by `item`, an array of them by `check`.

    `is_bound` tells that a value must be there, a code of the required value set: extensions alone
    cannot stand for it (https://hl7.org/fhir/R4/terminologies.html#required).
    """

    item: Check
    check: Check
    is_array: bool
    is_primitive: bool
    is_bound: bool = False


@dataclass(slots=True)
class Table:
    """What a type asks of its JSON object.

    `checks` repeats `fields` for the way that nearly every object takes. `required` maps a name to
    the keys of which one must be there, `choices` holds the spellings of each choice.
    `is_element` tells that an id alone says nothing (ele-1): of all but resources, and what stands
    beside a primitive. `invariants` are those of severity error.
    """

    fields: dict[str, Field] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)
    required: dict[str, frozenset[str]] = field(default_factory=dict)
    choices: tuple[frozenset[str], ...] = ()
    is_element: bool = True
    invariants: tuple[Invariant, ...] = ()


class ObjectCheck:
    """Checks a JSON object of one type. The table is built by the first check: types recurse."""

    __slots__ = ("_build", "_element", "_table", "type_name")

    def __init__(
        self, type_name: str, build: Callable[[str], Table], element: Callable[[], Check]
    ) -> None:
        """Remember how to build the table, and the check of what stands beside a primitive."""
        self.type_name = type_name
        self._build = build
        self._element = element
        self._table: Table | None = None

    def __call__(self, value: Any, scope: Scope) -> Problems:
        """Find what is wrong with the object, anywhere below it."""
        if type(value) is not dict:
            return wrong_type(self.type_name, "an object", value)
        table = self._table
        if table is None:
            table = self._table = self._build(self.type_name)
        checks = table.checks
        found: list[Problem] = []
        for key, item in value.items():
            check = checks.get(key)
            if check is None:
                # An unknown key, or `_birthDate` beside a primitive: look again, and closely.
                return self._check_closely(value, table, scope)
            problems = check(item, scope)
            if problems:
                found += under(key, problems)
                if len(found) >= MAX_PROBLEMS:
                    return found
        found += self._check_presence(value, table)
        if table.invariants:
            found += broken(value, table.invariants, scope)
        return found

    def _check_presence(self, names: Collection[str], table: Table) -> Iterator[Problem]:
        """Check which elements are there; `names` are their keys without the `_` of siblings."""
        if not names or (table.is_element and len(names) == 1 and "id" in names):
            yield Problem("structure", "An object with no content; leave the element out.")
        for name, keys in table.required.items():
            if keys.isdisjoint(names):
                yield Problem("required", f"{self.type_name} needs the element {name}.", name)
        for choice in table.choices:
            given = choice.intersection(names)
            if len(given) > 1:
                together = ", ".join(sorted(given))
                yield Problem("structure", f"Only one of {together} may be there.", max(given))

    def _check_closely(self, value: dict[str, Any], table: Table, scope: Scope) -> Problems:
        found: list[Problem] = []
        for key, item in value.items():
            name = key.removeprefix("_")
            known = table.fields.get(name)
            if known is None or (key != name and not known.is_primitive):
                found.append(self._unknown(key, table))
            elif key != name:
                found += under(name, self._check_sibling(item, value.get(name), known, scope))
            elif f"_{key}" in value and isinstance(item, list):
                found += under(key, _check_present(item, known, scope))
            else:
                found += under(key, known.check(item, scope))
            if len(found) >= MAX_PROBLEMS:
                return found
        found += self._check_presence({key.removeprefix("_") for key in value}, table)
        found += broken(value, table.invariants, scope)
        return found

    def _unknown(self, key: str, table: Table) -> Problem:
        near = get_close_matches(key[:MAX_KEY_SHOWN], table.fields, n=1)
        hint = f"; is {near[0]} meant?" if near else "."
        shown = key[:MAX_KEY_SHOWN]
        return Problem("structure", f"{self.type_name} has no element {shown!a}{hint}", shown)

    def _check_sibling(self, sibling: Any, value: Any, known: Field, scope: Scope) -> Problems:
        """Check `_key`: id and extensions of a primitive, or an array of them in step with it."""
        if not known.is_array:
            return self._check_beside(sibling, value, known, scope)
        if not isinstance(sibling, list) or not sibling:
            return (Problem("structure", "Beside an array stands an array, never an empty one."),)
        values = value if isinstance(value, list) else [None] * len(sibling)
        if len(values) != len(sibling):
            return (Problem("structure", "The array and its _ sibling differ in length."),)
        found: list[Problem] = []
        for position, (each, item) in enumerate(zip(sibling, values, strict=True)):
            if each is not None or item is None:
                found += under(f"[{position}]", self._check_beside(each, item, known, scope))
        return found

    def _check_beside(self, sibling: Any, value: Any, known: Field, scope: Scope) -> Problems:
        """Check what stands beside one value; without a value it must have an extension."""
        if value is None and (not isinstance(sibling, dict) or sibling.keys() <= {"id"}):
            return (Problem("structure", "Neither a value nor an extension is there."),)
        found = self._element()(sibling, scope)
        if value is None and known.is_bound and not found:
            return (rule("code-invalid", "A code of the required value set must be there."),)
        return found


def broken(value: Any, invariants: tuple[Invariant, ...], scope: Scope) -> list[Problem]:
    """Give the invariants that an element breaks.

    One that stumbles over what is wrong with the element otherwise has no verdict.
    """
    found = []
    for each in invariants:
        try:
            holds = each.holds(value, scope.around)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            continue
        if not holds:
            found.append(rule("invariant", f"{each.sentence.rstrip('.')} ({each.key})."))
    return found


def _check_present(items: list[Any], known: Field, scope: Scope) -> Problems:
    """Check an array of primitives in which null stands where only a sibling says something."""
    if not known.is_array or not items:
        return known.check(items, scope)
    return [
        problem
        for position, item in enumerate(items)
        if item is not None
        for problem in under(f"[{position}]", known.item(item, scope))
    ]


def many(item_check: Check) -> Check:
    """Check an element that repeats: JSON always holds an array, and never an empty one."""

    def check(value: Any, scope: Scope) -> Problems:
        if type(value) is not list:
            return (Problem("structure", f"An array is expected, not {json_type(value)}."),)
        if not value:
            return (Problem("structure", "An array is never empty; leave the element out."),)
        found: list[Problem] = []
        for position, item in enumerate(value):
            problems = item_check(item, scope)
            if problems:
                found += under(f"[{position}]", problems)
                if len(found) >= MAX_PROBLEMS:
                    return found
        return found or NONE

    return check
