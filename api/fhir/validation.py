"""The strict layer: what the R4 definitions ask of a resource, all problems found at once.

Per type one table from JSON key to a small check, built when first used. Covered are names,
cardinality, JSON types, primitives, required bindings, reference targets and the rules of
`validation_rules`; the FHIRPath invariants of R4 are not.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from api.fhir import definitions, primitives, validation_rules
from api.fhir.definitions import Element
from api.fhir.validation_object import Field, ObjectCheck, Table, many
from api.fhir.validation_problem import (
    MAX_PROBLEMS,
    NONE,
    Check,
    Problem,
    Problems,
    Scope,
    under,
)


def problems(value: Any, resource_type: str, *, any_target: bool = False) -> list[Problem]:
    """Find what is wrong with a resource that should be of this type, paths starting with it.

    `any_target` lets references point at types that their element does not name, as data brought
    in from elsewhere (HL7's own examples among it) sometimes does.
    """
    found = _check_resource(value, resource_type, any_target=any_target)
    return under(resource_type, found[:MAX_PROBLEMS])


def _check_resource(value: Any, resource_type: str, *, any_target: bool) -> Problems:
    scope = Scope(resource_type, any_target)
    if type(value) is not dict:
        return object_check(resource_type)(value, scope)
    scope.contained = validation_rules.contained_types(value)
    found = object_check(resource_type)(value, scope)
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
        table.fields[element.json_key] = _field(element)
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


def _field(element: Element) -> Field:
    if element.json_key == "contained":
        # The position within the array tells which contained resource points back.
        return Field(_nested, _check_contained, is_array=True, is_primitive=False)
    item = _item_check(element)
    return Field(
        item,
        many(item) if element.is_array else item,
        is_array=element.is_array,
        is_primitive=element.is_primitive,
    )


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


def _extension(value: Any, scope: Scope) -> Problems:
    found = object_check("Extension")(value, scope)
    return found or validation_rules.extension_problems(value)


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
        name = _type_of(each)
        return object_check(name)(each, scope) if name else _no_type(each)

    found = many(check)(value, scope)
    scope.position = None
    return found


def _type_of(value: Any) -> str | None:
    name = value.get("resourceType") if type(value) is dict else None
    return name if isinstance(name, str) and name in definitions.resource_types() else None


def _no_type(value: Any) -> Problems:
    if type(value) is not dict:
        return (Problem("structure", "A resource is expected, an object with a resourceType."),)
    return (Problem("structure", "Not a resource type that this server knows.", "resourceType"),)


_CHECKS: dict[str, Check] = {"Extension": _extension, "Resource": _nested}
