"""From the value of a parameter to an element of a resource.

https://hl7.org/fhir/R4/fhirpatch.html#concept

A datatype comes as `value[x]`, a resource as `resource`; an element whose type has no name, such as
Patient.contact, comes as parts, one for each of its own elements.
"""

from typing import Any, Final

from api.fhir import definitions
from api.fhir.element_tree import Element
from api.fhir.lexical import Resource

# Datatypes that are a Quantity with narrower rules; Parameters knows only some of them.
_QUANTITIES: Final = frozenset({"Age", "Count", "Distance", "Duration", "SimpleQuantity"})


class ElementValueError(ValueError):
    """A value that the element cannot take; the message says why."""


def element_of(parent: Element, name: str, parameter: Resource) -> Element:
    """Make the element `name` of `parent` from a parameter; raises ElementValueError."""
    key = next((each for each in parameter if each.removeprefix("_").startswith("value")), None)
    if key is None and "resource" in parameter:
        return _of_resource(parent, name, parameter["resource"])
    given = key.removeprefix("_").removeprefix("value") if key else ""
    definition = _definition(parent, name, given)
    element = Element(
        definition.json_key, definition.choice_of or definition.json_key, definition.type
    )
    if key is None:
        _take_parts(element, parameter.get("part"))
    else:
        _take_value(element, parameter, f"value{given}")
    if element.value is None and not element.children:
        message = "the value is empty; remove the element with `delete`."
        raise ElementValueError(message)
    return element


def _of_resource(parent: Element, name: str, resource: Any) -> Element:
    definition = _definition(parent, name, "Resource")
    if definition.type != "Resource" or not isinstance(resource, dict):
        message = f"{name[:64]!r} takes no resource."
        raise ElementValueError(message)
    try:
        return Element.of_resource(resource, definition.json_key, definition.json_key)
    except KeyError:
        message = "the resource has an element that its type does not know."
        raise ElementValueError(message) from None


def _definition(parent: Element, name: str, given: str) -> definitions.Element:
    known = definitions.elements(parent.type_of_children)
    if name in known:
        definition = known[name]
        if given and not _fits(definition.type, given):
            message = f"{name!r} takes {definition.type}, not {given[:64]}."
            raise ElementValueError(message)
        return definition
    choices = [each for each in known.values() if each.choice_of == name.removesuffix("[x]")]
    if not choices:
        message = f"{name[:64]!r} is no element of {parent.type_of_children}."
        raise ElementValueError(message)
    fitting = [each for each in choices if _fits(each.type, given, exactly=True)]
    if not fitting:
        types = ", ".join(each.type for each in choices)
        message = f"{name!r} takes one of {types}."
        raise ElementValueError(message)
    return fitting[0]


def _fits(datatype: str, given: str, *, exactly: bool = False) -> bool:
    """Tell whether a value of the type that `valueGiven` names can be of this datatype.

    The primitives stand for each other, except where a choice hangs on which it is: what a text may
    hold, validation of the result says.
    """
    if given == datatype[0].upper() + datatype[1:]:
        return True
    if datatype in _QUANTITIES:
        return given == "Quantity"
    is_primitive = datatype[0].islower()
    return not exactly and is_primitive and not definitions.is_known(given)


def _take_value(element: Element, parameter: Resource, key: str) -> None:
    value, beside = parameter.get(key), parameter.get(f"_{key}")
    try:
        if element.is_primitive:
            element.value = value
            element.read(beside or {})
        else:
            element.read(value or {})
    except KeyError as error:
        message = f"{str(error.args[0])[:64]!r} is no element of {element.datatype}."
        raise ElementValueError(message) from None


def _take_parts(element: Element, parts: Any) -> None:
    if not isinstance(parts, list) or not parts:
        message = "`value` carries neither a value nor parts."
        raise ElementValueError(message)
    if element.is_primitive:
        message = f"{element.name!r} takes a value, not parts."
        raise ElementValueError(message)
    for part in parts:
        element.adopt(element_of(element, str(part.get("name")), part))
