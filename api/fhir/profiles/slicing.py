"""To which slice of an element a value belongs.

https://hl7.org/fhir/R4/profiling.html#slicing

What cannot be told with what is at hand (a profile or value set that is not known, what a reference
leads to) has no answer, and nothing is then asked of the slice.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from api.fhir.fhirpath.values import plain
from api.fhir.profiles.elements import Value, values
from api.fhir.profiles.matching import equals, fits, is_within
from api.fhir.profiles.structure import Node, Slicing

_THIS: Final = "$this"
Verdict = bool | None


def belongs(value: Value, to: Node, slicing: Slicing) -> Verdict:
    """Tell whether a value is of a slice; None when it cannot be told."""
    if not slicing.discriminators:
        return None
    verdicts = [
        _KINDS.get(kind, _unknown)(value, to, path) for kind, path in slicing.discriminators
    ]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _unknown(_value: Value, _to: Node, _path: str) -> Verdict:
    return None


def _steps(path: str) -> list[str] | None:
    if path == _THIS:
        return []
    steps = path.removeprefix(f"{_THIS}.").split(".")
    return None if any("(" in each for each in steps) else steps


def _by_value(value: Value, to: Node, path: str) -> Verdict:
    steps = _steps(path)
    if steps is None:
        return None
    tests = list(_tests(to, steps))
    if not tests:
        return None
    found = [plain(each.item) for each in _at(value, steps)]
    verdicts = [test(each) for test in tests for each in found]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _at(value: Value, steps: list[str]) -> Iterator[Value]:
    if not steps:
        yield value
        return
    for name in (steps[0], f"{steps[0]}[x]"):
        for each in values(value, name):
            yield from _at(each, steps[1:])


def _tests(node: Node, steps: list[str]) -> Iterator[Callable[[Any], Verdict]]:
    """Give what the slice asks of the value at a path, as it or an element above it says."""
    yield from _own_tests(node, steps)
    if not steps:
        return
    if node.types and steps == ["url"] and "url" not in node.children:
        yield from (_is_equal(url) for each in node.types for url in each.profiles)
    for name in (steps[0], f"{steps[0]}[x]"):
        child = node.children.get(name)
        if child is not None:
            yield from _tests(child, steps[1:])
            for each in child.slices:
                if each.minimum:
                    yield from _tests(each, steps[1:])


def _own_tests(node: Node, steps: list[str]) -> Iterator[Callable[[Any], Verdict]]:
    if node.fixed is not None:
        yield from (_is_equal(each) for each in _within(node.fixed, steps))
    if node.pattern is not None:
        yield from (_is_fitting(each) for each in _within(node.pattern, steps))
    if node.binding and node.binding[0] == "required" and not steps:
        url = node.binding[1]
        yield lambda found: is_within(found, url)


def _within(value: Any, steps: list[str]) -> list[Any]:
    found = [value]
    for step in steps:
        below = [each.get(step) for each in found if isinstance(each, dict)]
        found = [item for each in below for item in (each if isinstance(each, list) else [each])]
    return [each for each in found if each is not None]


def _is_equal(wanted: Any) -> Callable[[Any], Verdict]:
    return lambda found: equals(found, wanted)


def _is_fitting(wanted: Any) -> Callable[[Any], Verdict]:
    return lambda found: fits(found, wanted)


def _by_type(value: Value, to: Node, path: str) -> Verdict:
    steps = _steps(path)
    if steps is None:
        return None
    node: Node | None = to
    for step in steps:
        node = node.children.get(step) or node.children.get(f"{step}[x]") if node else None
    if node is None or not node.types:
        return None
    found = [each.type_name for each in _at(value, steps)]
    return bool(found) and all(name in node.type_codes for name in found)


def _by_existence(value: Value, to: Node, path: str) -> Verdict:
    steps = _steps(path)
    node = to.children.get(steps[0]) if steps else None
    if node is None or steps is None:
        return None
    is_there = any(True for _ in _at(value, steps))
    if node.maximum == 0:
        return not is_there
    return is_there if node.minimum else None


_KINDS: Final[dict[str, Callable[[Value, Node, str], Verdict]]] = {
    "value": _by_value,
    "pattern": _by_value,
    "type": _by_type,
    "exists": _by_existence,
}
