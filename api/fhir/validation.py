"""The strict layer: what the R4 definitions ask of a resource, all problems found at once.

Per type one table from JSON key to a small check, built when first used. Covered are names,
cardinality, JSON types, primitives, required bindings, reference targets, the invariants of R4 and
the rules of `validation_rules`.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from api.fhir import definitions, primitives, validation_bundle, validation_rules
from api.fhir.definitions import Element
from api.fhir.fhirpath.code import Around
from api.fhir.invariants import Invariant, invariants
from api.fhir.validation_object import Field, ObjectCheck, Table, broken, many
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

# A resource's id is no element's, and an ElementDefinition's is the path that it defines.
IDS_OF_THEIR_OWN = frozenset((*definitions.resource_types(), "ElementDefinition"))


def problems(value: Any, resource_type: str, *, any_target: bool = False) -> list[Problem]:
    """Find what is wrong with a resource that should be of this type, paths starting with it.

    `any_target` lets references point at types that their element does not name, as data brought
    in from elsewhere (HL7's own examples among it) sometimes does.
    """
    found = _check_resource(value, resource_type, any_target=any_target)
    return under(resource_type, found[:MAX_PROBLEMS])


def _check_resource(value: Any, resource_type: str, *, any_target: bool) -> Problems:
    scope = Scope(resource_type, any_target, around=Around(value, value))
    if type(value) is not dict:
        return object_check(resource_type)(value, scope)
    scope.contained = validation_rules.contained_types(value)
    found = object_check(resource_type)(value, scope)
    if resource_type == "Bundle":
        found = [*found, *validation_bundle.entry_problems(value)]
    contained = value.get("contained")
    if isinstance(contained, list):
        return [*found, *validation_rules.contained_problems(contained, scope)]
    return found


@cache
def object_check(type_name: str) -> ObjectCheck:
    """Give the check of a resource type, datatype or backbone element."""
    return ObjectCheck(type_name, _table, lambda: object_check("Element"))


def _table(type_name: str) -> Table:
    """Build the table of a type."""
    table = Table()
    if type_name in definitions.resource_types():
        is_type = _type_check(type_name)
        table.fields["resourceType"] = Field(is_type, is_type, is_array=False, is_primitive=False)
        table.required["resourceType"] = frozenset(("resourceType",))
        table.is_element = False
    if type_name == "Element":
        table.is_element = False
    for element in definitions.elements(type_name).values():
        table.fields[element.json_key] = _field(element, type_name)
    table.invariants = _errors(type_name, type_name)
    table.checks = {key: each.check for key, each in table.fields.items()}
    choices = _choices(definitions.elements(type_name).values())
    table.choices = tuple(choices.values())
    table.required |= {
        each.choice_of or each.json_key: choices.get(each.choice_of or "", _only(each))
        for each in definitions.elements(type_name).values()
        if each.minimum
    }
    return table


def _only(element: Element) -> frozenset[str]:
    return frozenset((element.json_key,))


def _choices(elements: Iterable[Element]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for each in elements:
        if each.choice_of:
            found[each.choice_of] = found.get(each.choice_of, frozenset()) | _only(each)
    return found


def _type_check(type_name: str) -> Check:
    def check(value: Any, _scope: Scope) -> Problems:
        if value == type_name:
            return NONE
        return (Problem("structure", f"The resource must be of the type {type_name}."),)

    return check


def _errors(path: str, type_name: str) -> tuple[Invariant, ...]:
    of_path = invariants(path, type_name, path.partition(".")[0])
    return tuple(each for each in of_path if each.is_error)


def _field(element: Element, owner: str) -> Field:
    if element.json_key == "contained":
        # The position within the array tells which contained resource points back.
        return Field(_nested, _check_contained, is_array=True, is_primitive=False)
    item = _item_check(element)
    if element.json_key == "id" and owner not in IDS_OF_THEIR_OWN:
        item = _unique
    path = f"{owner}.{element.json_key}"
    if element.type != path and (rules := _errors(path, element.type)):
        item = _ruled(item, rules)
    return Field(
        item,
        many(item) if element.is_array else item,
        is_array=element.is_array,
        is_primitive=element.is_primitive,
        is_bound=element.value_set is not None,
    )


def _unique(value: Any, scope: Scope) -> Problems:
    """Check the id of an element, which no other element of its resource has."""
    found = primitives.CHECKS["string"](value, scope)
    if found:
        return found
    place = (scope.position, value)
    if place in scope.ids:
        return (rule("invariant", "Two elements of this resource have this id."),)
    scope.ids.add(place)
    return NONE


def _ruled(check: Check, rules: tuple[Invariant, ...]) -> Check:
    """Add the invariants that an element has beyond those of its type."""

    def checked(value: Any, scope: Scope) -> Problems:
        found = check(value, scope)
        return [*found, *broken(value, rules, scope)]

    return checked


def _item_check(element: Element) -> Check:
    if element.is_primitive:
        coded = element.value_set if element.type == "code" else None
        return primitives.coded(coded) if coded else primitives.CHECKS[element.type]
    if element.type == "Reference":
        return _reference(element.targets)
    if element.type == "CodeableConcept" and element.value_set:
        return _concept(element.value_set)
    if element.json_key == "modifierExtension":
        return _modifier
    return _CHECKS.get(element.type) or object_check(element.type)


def _reference(targets: tuple[str, ...]) -> Check:
    shape = object_check("Reference")

    def check(value: Any, scope: Scope) -> Problems:
        found = shape(value, scope)
        if type(value) is dict:
            return [*found, *validation_rules.reference_problems(value, targets, scope)]
        return found

    return check


def _concept(value_set: str) -> Check:
    shape = object_check("CodeableConcept")

    def check(value: Any, scope: Scope) -> Problems:
        found = shape(value, scope)
        return found or validation_rules.concept_problems(value, value_set)

    return check


def _coding(value: Any, scope: Scope) -> Problems:
    found = object_check("Coding")(value, scope)
    return found or validation_rules.coding_problems(value)


def _extension(value: Any, scope: Scope) -> Problems:
    found = object_check("Extension")(value, scope)
    found = found or validation_rules.extension_problems(value)
    return found or validation_rules.published_problems(value, scope)


def _modifier(value: Any, scope: Scope) -> Problems:
    found = _extension(value, scope)
    return found or validation_rules.modifier_problems(value)


def _nested(value: Any, scope: Scope) -> Problems:
    """Check a resource within a Bundle or Parameters, which is a whole of its own."""
    name = _type_of(value)
    if name is None:
        return _no_type(value)
    return _check_resource(value, name, any_target=scope.any_target)


def _check_contained(value: Any, scope: Scope) -> Problems:
    position = -1

    def check(each: Any, scope: Scope) -> Problems:
        nonlocal position
        position += 1
        scope.position = position
        scope.around = Around(each, container.root)
        name = _type_of(each)
        return object_check(name)(each, scope) if name else _no_type(each)

    container = scope.around
    found = many(check)(value, scope)
    scope.position, scope.around = None, container
    return found


def _type_of(value: Any) -> str | None:
    name = value.get("resourceType") if type(value) is dict else None
    return name if isinstance(name, str) and name in definitions.resource_types() else None


def _no_type(value: Any) -> Problems:
    if type(value) is not dict:
        return (Problem("structure", "A resource is expected, an object with a resourceType."),)
    return (Problem("structure", "Not a resource type that this server knows.", "resourceType"),)


_CHECKS: dict[str, Check] = {"Coding": _coding, "Extension": _extension, "Resource": _nested}
