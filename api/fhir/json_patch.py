"""JSON Patch on a resource.

https://www.rfc-editor.org/rfc/rfc6902 and https://hl7.org/fhir/R4/http.html#patch

Written out rather than taken from a library, because a resource is not any JSON: numbers keep the
digits in which they came, `true` is not `1`, and each refusal names the operation and the element.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NoReturn, TypeAlias

from api.fhir.lexical import JSON, MAX_DEPTH, Resource
from api.fhir.outcome import Failure, FailureKind, Issue

MAX_OPERATIONS: Final = 200
# Copying doubles what is copied before; twenty times a large resource is beyond any use of it.
MAX_VALUES_COPIED: Final = 100_000

Pointer: TypeAlias = tuple[str, ...]
Container: TypeAlias = "dict[str, Any] | list[Any]"

# What only the server writes, and what makes a resource the one that it is.
PROTECTED: Final[tuple[Pointer, ...]] = (
    ("resourceType",),
    ("id",),
    ("_id",),
    ("meta", "versionId"),
    ("meta", "lastUpdated"),
)
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_POINTER: Final = re.compile(r"(/([^~/]|~[01])*)*")


def apply_json_patch(resource: Resource, patch: JSON) -> Resource:
    """Carry the operations out in their order and give the result; it is not validated here.

    The resource that is passed in is changed. Raises Failure: INVALID for what is no JSON Patch,
    UNPROCESSABLE for an operation that cannot be carried out, TOO_LARGE past the limits.
    """
    if not isinstance(patch, list):
        raise Failure(
            FailureKind.INVALID, Issue("structure", "A JSON Patch is an array of operations.")
        )
    if len(patch) > MAX_OPERATIONS:
        raise Failure(
            FailureKind.TOO_LARGE, f"A JSON Patch has at most {MAX_OPERATIONS} operations."
        )
    resource_type = str(resource.get("resourceType"))
    operations = [_operation(number, each, resource_type) for number, each in enumerate(patch)]
    document = _Document(resource)
    for operation in operations:
        _PERFORMING[operation.name](document, operation)
    _drop_emptied(resource, document.emptied)
    return resource


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation; `source` is the pointer of `from`."""

    number: int
    name: str
    path: Pointer
    source: Pointer
    value: Any
    resource_type: str

    def refuse(self, sentence: str, pointer: Pointer, code: str = "invalid") -> NoReturn:
        raise Failure(
            FailureKind.UNPROCESSABLE,
            Issue(
                code, f"Operation {self.number} ({self.name}): {sentence}", (self.place(pointer),)
            ),
        )

    def place(self, pointer: Pointer) -> str:
        """Spell a pointer as FHIRPath does."""
        text = self.resource_type
        for part in pointer:
            text += f"[{part}]" if _INDEX.fullmatch(part) else f".{part[:64]}"
        return text


@dataclass(slots=True)
class _Document:
    """The resource under change, and the containers that something was taken out of."""

    root: Resource
    emptied: list[Container] = field(default_factory=list)
    copied: int = 0


def _operation(number: int, raw: Any, resource_type: str) -> _Operation:
    if not isinstance(raw, dict):
        raise _malformed(number, "is not an object.", "structure")
    name = raw.get("op")
    if not isinstance(name, str) or name not in _PERFORMING:
        known = ", ".join(_PERFORMING)
        raise _malformed(number, f"has an `op` that is none of {known}.", "value")
    if name in _WITH_VALUE and "value" not in raw:
        raise _malformed(number, "has no `value`.", "required")
    source = _pointer(number, raw, "from") if name in ("move", "copy") else ()
    path = _pointer(number, raw, "path")
    operation = _Operation(number, name, path, source, raw.get("value"), resource_type)
    if name != "test":
        _refuse_protected(operation, operation.path)
    if name == "move":
        _refuse_protected(operation, source)
        if operation.path[: len(source)] == source and operation.path != source:
            operation.refuse("nothing moves into itself.", operation.path)
    return operation


def _pointer(number: int, raw: dict[str, Any], key: str) -> Pointer:
    text = raw.get(key)
    if not isinstance(text, str) or not _POINTER.fullmatch(text):
        raise _malformed(number, f"needs a JSON Pointer in `{key}`, as in /name/0/family.", "value")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def _malformed(number: int, sentence: str, code: str) -> Failure:
    return Failure(FailureKind.INVALID, Issue(code, f"Operation {number} {sentence}"))


def _refuse_protected(operation: _Operation, pointer: Pointer) -> None:
    if not pointer:
        operation.refuse("a whole resource is replaced by an update (PUT).", pointer)
    if any(pointer[: len(each)] == each for each in PROTECTED):
        operation.refuse("only the server writes this.", pointer, "business-rule")


def _add(document: _Document, operation: _Operation) -> None:
    _put(document, operation, operation.path, _copy(document, operation.value))


def _remove(document: _Document, operation: _Operation) -> None:
    _take(document, operation, operation.path)


def _replace(document: _Document, operation: _Operation) -> None:
    container, key = _place(document, operation, operation.path)
    container[key] = _copy(document, operation.value)
    _check_depth(operation, operation.path, operation.value)


def _move(document: _Document, operation: _Operation) -> None:
    value = _take(document, operation, operation.source)
    _put(document, operation, operation.path, value)


def _copy_to(document: _Document, operation: _Operation) -> None:
    value = _value_at(document, operation, operation.source)
    _put(document, operation, operation.path, _copy(document, value))


def _test(document: _Document, operation: _Operation) -> None:
    if not equal_values(_value_at(document, operation, operation.path), operation.value):
        operation.refuse("the value is another one.", operation.path, "conflict")


_PERFORMING: Final[dict[str, Callable[[_Document, _Operation], None]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy_to,
    "test": _test,
}
_WITH_VALUE: Final = frozenset({"add", "replace", "test"})


def equal_values(one: Any, other: Any) -> bool:
    """Compare two JSON values as RFC 6902 §4.6 says: numbers by value, `true` is no number."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal_values(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal_values, one, other))
    if _is_number(one) and _is_number(other):
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _put(document: _Document, operation: _Operation, pointer: Pointer, value: Any) -> None:
    container, key = _parent(document, operation, pointer)
    _check_depth(operation, pointer, value)
    if isinstance(container, dict):
        container[key] = value
        return
    position = len(container) if key == "-" else _index(operation, pointer, key)
    if position > len(container):
        operation.refuse("the list is shorter than that.", pointer)
    container.insert(position, value)


def _take(document: _Document, operation: _Operation, pointer: Pointer) -> Any:
    container, key = _place(document, operation, pointer)
    document.emptied.append(container)
    return container.pop(key)


def _value_at(document: _Document, operation: _Operation, pointer: Pointer) -> Any:
    if not pointer:
        return document.root
    container, key = _place(document, operation, pointer)
    return container[key]


def _place(document: _Document, operation: _Operation, pointer: Pointer) -> tuple[Any, Any]:
    """Give the container of a value that exists, and the key or position there."""
    container, key = _parent(document, operation, pointer)
    if isinstance(container, dict):
        if key not in container:
            operation.refuse("there is nothing at this path.", pointer, "not-found")
        return container, key
    position = _index(operation, pointer, key)
    if position >= len(container):
        operation.refuse("there is nothing at this path.", pointer, "not-found")
    return container, position


def _parent(document: _Document, operation: _Operation, pointer: Pointer) -> tuple[Container, str]:
    value: Any = document.root
    for depth, part in enumerate(pointer[:-1]):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and _index(operation, pointer, part) < len(value):
            value = value[int(part)]
        else:
            operation.refuse("there is nothing at this path.", pointer[: depth + 1], "not-found")
    if not isinstance(value, dict | list):
        operation.refuse("a simple value holds nothing.", pointer[:-1], "not-found")
    return value, pointer[-1]


def _index(operation: _Operation, pointer: Pointer, part: str) -> int:
    if not _INDEX.fullmatch(part):
        operation.refuse("a list is entered by a number from 0.", pointer)
    return int(part)


def _copy(document: _Document, value: Any) -> Any:
    document.copied += 1
    if document.copied > MAX_VALUES_COPIED:
        raise Failure(FailureKind.TOO_LARGE, "The patch makes the resource too large.")
    if isinstance(value, dict):
        return {key: _copy(document, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_copy(document, each) for each in value]
    return value


def _drop_emptied(resource: Resource, emptied: Sequence[Container]) -> None:
    """Drop what became empty because its last value was removed: FHIR knows no empty list."""
    marked = {id(each) for each in emptied}

    def is_left(each: Any) -> bool:
        if not isinstance(each, dict | list):
            return True
        was_emptied = prune(each) or id(each) in marked
        return bool(each) or not was_emptied

    def prune(container: Container) -> bool:
        before = len(container)
        if isinstance(container, dict):
            for key in [key for key, each in container.items() if not is_left(each)]:
                del container[key]
        else:
            container[:] = [each for each in container if is_left(each)]
        return len(container) < before

    if marked:
        prune(resource)


def _check_depth(operation: _Operation, pointer: Pointer, value: Any) -> None:
    """Refuse what would make the resource deeper than any that can be read."""
    level = [value]
    for _ in range(len(pointer), MAX_DEPTH):
        level = [child for each in level for child in _children(each)]
        if not level:
            return
    operation.refuse(f"the result is nested more than {MAX_DEPTH} levels deep.", pointer)


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
