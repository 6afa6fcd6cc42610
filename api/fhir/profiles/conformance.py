"""Whether a resource conforms to a profile: cardinality, types, values, bindings, slices, rules.

https://hl7.org/fhir/R4/profiling.html

What the profile leaves as R4 has it is not looked at again. mustSupport asks nothing of a resource.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from api.fhir import references
from api.fhir.fhirpath.code import Around, Truth
from api.fhir.fhirpath.compiler import compile_expression
from api.fhir.fhirpath.grammar import ExpressionError
from api.fhir.fhirpath.resolving import contained_by_id, referenced
from api.fhir.fhirpath.values import Beside, plain
from api.fhir.outcome import Issue
from api.fhir.profiles.elements import CHOICE, Value, values
from api.fhir.profiles.matching import codings, equals, fits, is_within
from api.fhir.profiles.published import published_profile
from api.fhir.profiles.slicing import belongs
from api.fhir.profiles.structure import Node, Profile, TypeRow

STRUCTURE: Final = "http://hl7.org/fhir/StructureDefinition/"
# A datatype's profile may name another, and so on.
_MAX_DEPTH: Final = 8


def issues(value: Value, profile: Profile, resource: Any) -> Iterator[Issue]:
    """Give what a value lacks of a profile, in the order of the profile.

    `value` is the resource itself or an element of it, such as an extension.
    """
    yield from _Conformance(profile, resource).of(profile.root, value)


class _Conformance:
    def __init__(self, profile: Profile, resource: Any, depth: int = 0) -> None:
        self.profile = profile
        self.resource = resource
        self.depth = depth
        self.around = Around(resource, resource)

    def of(self, node: Node, value: Value) -> Iterator[Issue]:
        """Check one value against its element, and everything below it."""
        yield from self._content(node, value)
        yield from self._constraints(node, value)
        yield from self._type(node, value)
        for child in node.children.values():
            found = values(value, child.name)
            path = f"{value.path}.{child.name.removesuffix(CHOICE)}"
            yield from self._count(child, len(found), path)
            for each in found:
                yield from self.of(child, each)
            if child.slicing and child.slices:
                yield from self._slices(child, found, path)

    def _issue(self, code: str, sentence: str, path: str, severity: str = "error") -> Issue:
        return Issue(code, f"{sentence} ({self.profile.title}).", (path,), severity)

    def _count(self, node: Node, count: int, path: str) -> Iterator[Issue]:
        what = f"the slice {node.slice_name} of {node.name}" if node.slice_name else node.name
        if count < node.minimum:
            code = "required" if count == 0 else "structure"
            sentence = f"At least {node.minimum} of {what} must be there, not {count}"
            yield self._issue(code, sentence, path)
        if node.maximum is not None and count > node.maximum:
            sentence = f"At most {node.maximum} of {what} may be there, not {count}"
            yield self._issue("structure", sentence, path)

    def _content(self, node: Node, value: Value) -> Iterator[Issue]:
        found = plain(value.item)
        if node.fixed is not None and found is not None and not equals(found, node.fixed):
            yield self._issue("value", f"The value is fixed to {_shown(node.fixed)}", value.path)
        if node.pattern is not None and not fits(found, node.pattern):
            yield self._issue("value", f"The value must hold {_shown(node.pattern)}", value.path)
        if node.binding and found is not None and is_within(found, node.binding[1]) is False:
            strength, url = node.binding
            severity = "error" if strength == "required" else "warning"
            sentence = f"No code of it is in the value set {url}, to which the element is bound"
            yield self._issue("code-invalid", f"{sentence} ({strength})", value.path, severity)

    def _constraints(self, node: Node, value: Value) -> Iterator[Issue]:
        resource_type = str(self.resource.get("resourceType", ""))
        around = Around(self.resource, self.resource, value.item)
        for key, severity, sentence, expression in node.constraints:
            truth = compiled(expression, value.type_name, resource_type)
            if truth is not None and truth(value.item, around) is not True:
                yield self._issue(
                    "invariant", f"{sentence.rstrip('.')} ({key})", value.path, severity
                )

    def _type(self, node: Node, value: Value) -> Iterator[Issue]:
        if not node.types:
            return
        rows = [each for each in node.types if each.code == value.type_name]
        if not rows and node.name.endswith(CHOICE):
            named = ", ".join(sorted(node.type_codes))
            yield self._issue("structure", f"The value must be of the type {named}", value.path)
        for row in rows:
            if value.type_name == "Reference":
                yield from self._target(row, value)
            elif value.type_name != "Extension" and len(row.profiles) == 1:
                yield from self._narrowed(row.profiles[0], value)

    def _narrowed(self, url: str, value: Value) -> Iterator[Issue]:
        """Check a datatype against the profile of it that the element names."""
        profile = published_profile(url)
        if profile is not None and self.depth < _MAX_DEPTH:
            below = _Conformance(profile, self.resource, self.depth + 1)
            yield from below.of(profile.root, value)

    def _target(self, row: TypeRow, value: Value) -> Iterator[Issue]:
        names = {_target_type(each) for each in row.targets}
        found = self._pointed_at(plain(value.item))
        if found and names and not names & {found, None, "Resource"}:
            named = ", ".join(sorted(each for each in names if each))
            yield self._issue("business-rule", f"The reference must be to a {named}", value.path)

    def _pointed_at(self, reference: Any) -> str | None:
        contained = self.around.once(contained_by_id, lambda: contained_by_id(self.resource))
        found = referenced(reference, self.resource, contained)
        return str(found["resourceType"]) if found and "resourceType" in found else None

    def _slices(self, node: Node, found: list[Value], path: str) -> Iterator[Issue]:
        counts = dict.fromkeys((each.slice_name for each in node.slices), 0)
        undecided: set[str] = set()
        for value in found:
            own, left_open = _slice_of(value, node)
            undecided |= left_open
            if own is not None:
                counts[own.slice_name] += 1
                yield from self.of(own, value)
            elif node.slicing and node.slicing.is_closed and not left_open:
                sentence = f"{node.name} is of no slice, and there may be no others"
                yield self._issue("structure", sentence, value.path)
        for each in node.slices:
            if each.slice_name not in undecided:
                yield from self._count(each, counts[each.slice_name], path)


def _slice_of(value: Value, node: Node) -> tuple[Node | None, set[str]]:
    """Give the slice of a value, and the names of those of which it cannot be told."""
    left_open: set[str] = set()
    for each in node.slices:
        verdict = belongs(value, each, node.slicing) if node.slicing else None
        if verdict:
            return each, set()
        if verdict is None:
            left_open.add(each.slice_name)
    return None, left_open


@cache
def compiled(expression: str, type_name: str, resource_type: str) -> Truth | None:
    """Compile a rule of a profile; None for one that asks what this server cannot tell."""
    try:
        return compile_expression(expression, type_name, resource_type).truth
    except ExpressionError:
        return None


def _target_type(url: str) -> str | None:
    """Give the type that a target profile is of; None when the profile is not known."""
    name = url.removeprefix(STRUCTURE)
    if references.is_type(name) or name == "Resource":
        return name
    profile = published_profile(url)
    return profile.type_name if profile is not None else None


def _shown(value: Any) -> str:
    """Name what a profile fixes; never anything of the resource."""
    if isinstance(value, Beside | str | int | bool):
        return repr(plain(value))
    codes = [f"{system}#{code}" for system, code in codings(value)]
    return ", ".join(codes) or "what the profile names"
