"""FHIRPath Patch on a resource.

https://hl7.org/fhir/R4/fhirpatch.html

A Parameters resource whose parameters `operation` each add, insert, delete, replace or move what a
FHIRPath leads to. The operations act on elements, so a primitive goes with its extensions, and what
has become empty disappears.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from api.fhir import definitions
from api.fhir.element_path import PathError, find, last_member
from api.fhir.element_tree import Element
from api.fhir.element_value import ElementValueError, element_of
from api.fhir.json_patch import MAX_OPERATIONS
from api.fhir.lexical import MAX_DEPTH, Resource
from api.fhir.outcome import Failure, FailureKind, Issue

# The parts of an operation and the value that each carries.
_PARTS: Final = {
    "type": ("valueCode", "valueString"),
    "path": ("valueString",),
    "name": ("valueString",),
    "index": ("valueInteger",),
    "source": ("valueInteger",),
    "destination": ("valueInteger",),
}
_POSITIONS: Final[tuple[str, ...]] = ("index", "source", "destination")
_PROTECTED: Final = (("id",), ("meta", "versionId"), ("meta", "lastUpdated"))


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation; `value` is the part of that name."""

    place: str
    type: str
    path: str
    name: str
    value: Resource | None
    positions: dict[str, int]

    def refuse(self, sentence: str, code: str = "invalid") -> NoReturn:
        raise Failure(
            FailureKind.UNPROCESSABLE,
            Issue(code, f"{self.type}: {sentence}", (self.place, self.path[:200])),
        )

    def position(self, name: str, most: int) -> int:
        """Give an index that may be at most `most`."""
        position = self.positions[name]
        if not 0 <= position <= most:
            self.refuse(f"`{name}` is outside the list.")
        return position


def apply_fhirpath_patch(resource: Resource, parameters: Resource) -> Resource:
    """Carry the operations out in their order and give the result; it is not validated here.

    `parameters` is a Parameters resource that has been checked as such; both stay as they are.
    Raises Failure: INVALID for what is no FHIRPath Patch, UNPROCESSABLE for an operation that
    cannot be carried out, TOO_LARGE past the limit.
    """
    raw = parameters.get("parameter", [])
    if len(raw) > MAX_OPERATIONS:
        raise Failure(FailureKind.TOO_LARGE, f"A patch has at most {MAX_OPERATIONS} operations.")
    operations = [_operation(number, each) for number, each in enumerate(raw)]
    root = _tree(resource)
    before = [_value_at(root, path) for path in _PROTECTED]
    for operation in operations:
        try:
            _PERFORMING[operation.type](root, operation)
        except PathError as error:
            operation.refuse(f"the path cannot be read: {error}.")
        except ElementValueError as error:
            operation.refuse(str(error))
        if [_value_at(root, path) for path in _PROTECTED] != before:
            operation.refuse("id, versionId and lastUpdated are the server's.", "business-rule")
        if root.height() > MAX_DEPTH:
            operation.refuse(f"the result is nested more than {MAX_DEPTH} levels deep.")
    patched: Resource = root.as_json()
    return patched


def _tree(resource: Resource) -> Element:
    try:
        return Element.of_resource(resource)
    except KeyError:  # written under other rules than today's
        sentence = "The resource holds an element that its type does not know; update it first."
        raise Failure(FailureKind.UNPROCESSABLE, sentence) from None


def _operation(number: int, raw: Resource) -> _Operation:
    place = f"Parameters.parameter[{number}]"
    if raw.get("name") != "operation" or not isinstance(raw.get("part"), list):
        sentence = "Each parameter of a FHIRPath Patch is an `operation` with parts."
        raise Failure(FailureKind.INVALID, Issue("value", sentence, (f"{place}.name",)))
    found: dict[str, Any] = {}
    for position, part in enumerate(raw["part"]):
        name, where = str(part.get("name")), f"{place}.part[{position}]"
        if name in found or (name not in _PARTS and name != "value"):
            sentence = f"An operation takes the parts value, {', '.join(_PARTS)}, each once."
            raise Failure(FailureKind.INVALID, Issue("value", sentence, (f"{where}.name",)))
        found[name] = part if name == "value" else _simple(name, part, where)
    kind = found.get("type")
    if kind not in _NEEDED:
        sentence = f"`type` is one of {', '.join(_NEEDED)}."
        raise Failure(FailureKind.INVALID, Issue("value", sentence, (place,)))
    missing = [name for name in _NEEDED[kind] if name not in found]
    if missing:
        sentence = f"{kind} needs the parts {', '.join(_NEEDED[kind])}."
        raise Failure(FailureKind.INVALID, Issue("required", sentence, (place,)))
    positions: dict[str, int] = {name: found[name] for name in _POSITIONS if name in found}
    return _Operation(
        place, kind, found["path"], found.get("name", ""), found.get("value"), positions
    )


def _simple(name: str, part: Resource, where: str) -> Any:
    value = next((part[key] for key in _PARTS[name] if key in part), None)
    if value is None:
        sentence = f"`{name}` carries a {_PARTS[name][0]}."
        raise Failure(FailureKind.INVALID, Issue("value", sentence, (where,)))
    return value


def _value_at(root: Element, path: tuple[str, ...]) -> Any:
    focus = [root]
    for name in path:
        focus = [child for each in focus for child in each.named(name)]
    return [each.value for each in focus]


def _add(root: Element, operation: _Operation) -> None:
    parent = _one(root, operation, operation.path)
    child = element_of(parent, operation.name, operation.value or {})
    definition = definitions.element(parent.type_of_children, child.key)
    if definition is not None and not definition.is_array and parent.named(child.name):
        operation.refuse("the element is there already and does not repeat.", "conflict")
    parent.adopt(child)


def _insert(root: Element, operation: _Operation) -> None:
    listed = find(operation.path, root)
    if listed:
        parent, name = _list_of(listed, operation), listed[0].name
    else:
        split = last_member(operation.path)
        if split is None:
            operation.refuse("the path does not lead to a list.", "not-found")
        parent, name = _one(root, operation, split[0]), split[1]
    position = operation.position("index", len(listed))
    child = element_of(parent, name, operation.value or {})
    definition = definitions.element(parent.type_of_children, child.key)
    if definition is not None and not definition.is_array:
        operation.refuse("the element does not repeat.")
    parent.adopt(child, _place_among(parent, listed, position))


def _delete(root: Element, operation: _Operation) -> None:
    found = find(operation.path, root)
    if found:
        _single(found, operation).remove()


def _replace(root: Element, operation: _Operation) -> None:
    old = _one(root, operation, operation.path)
    parent = old.parent
    if parent is None:
        operation.refuse("a whole resource is replaced by an update (PUT).")
    new = element_of(parent, old.name, operation.value or {})
    position = parent.children.index(old)
    parent.children.pop(position)
    parent.adopt(new, position)


def _move(root: Element, operation: _Operation) -> None:
    listed = find(operation.path, root)
    if not listed:
        operation.refuse("there is nothing at this path.", "not-found")
    parent = _list_of(listed, operation)
    moved = listed.pop(operation.position("source", len(listed) - 1))
    parent.children.remove(moved)
    position = operation.position("destination", len(listed))
    parent.adopt(moved, _place_among(parent, listed, position))


_PERFORMING: Final[dict[str, Callable[[Element, _Operation], None]]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}
_NEEDED: Final = {
    "add": ("path", "name", "value"),
    "insert": ("path", "index", "value"),
    "delete": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "source", "destination"),
}


def _one(root: Element, operation: _Operation, path: str) -> Element:
    found = find(path, root)
    if not found:
        operation.refuse("there is nothing at this path.", "not-found")
    return _single(found, operation)


def _single(found: list[Element], operation: _Operation) -> Element:
    if len(found) > 1:
        sentence = "the path leads to more than one element; it must lead to one."
        operation.refuse(sentence, "multiple-matches")
    if found[0].parent is None and operation.type == "delete":
        operation.refuse("a whole resource is deleted by DELETE.")
    return found[0]


def _list_of(listed: list[Element], operation: _Operation) -> Element:
    """Give the parent whose list this is; the path must lead to all of one list."""
    parent = listed[0].parent
    if parent is None or parent.named(listed[0].name) != listed:
        operation.refuse("the path must lead to a whole list.")
    return parent


def _place_among(parent: Element, listed: list[Element], position: int) -> int:
    """Give the place among all children that is at this position of one list."""
    if position < len(listed):
        return parent.children.index(listed[position])
    return parent.children.index(listed[-1]) + 1 if listed else len(parent.children)
