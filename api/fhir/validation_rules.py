"""Rules of FHIR that go beyond the shape of one element: references, extensions, contained.

https://hl7.org/fhir/R4/references.html, extensibility.html and domainresource.html (dom-2 to dom-5)
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from api.fhir import definitions, references
from api.fhir.primitives import not_in
from api.fhir.profiles import conformance
from api.fhir.profiles.elements import Value
from api.fhir.profiles.extension_shape import shape_of
from api.fhir.profiles.published import published_profile
from api.fhir.validation_problem import NONE, Problem, Problems, Scope, rule, under

OWN_BASE = "https://runspine.example.org/fhir/"
# A modifier extension may turn its element's meaning around. A record that hands on what it does
# not understand would be wrong about it, so only what FHIR R4 and this server declare is stored.
MODIFIER_EXTENSIONS = frozenset(
    (
        "http://hl7.org/fhir/StructureDefinition/capabilitystatement-prohibited",
        "http://hl7.org/fhir/StructureDefinition/request-doNotPerform",
    )
)
SNOMED_CT = "http://snomed.info/sct"
# An identifier of SNOMED CT that goes on in letters; expressions have other signs between.
NO_SNOMED_CT = re.compile(r"[0-9]{6,}[A-Za-z][A-Za-z0-9]*")
UNUSED = "A contained resource must be referenced by its container, or refer to it (dom-3)."
META_NOT_IN_CONTAINED = ("versionId", "lastUpdated", "security")


def reference_problems(
    value: Mapping[str, Any], targets: tuple[str, ...], scope: Scope
) -> Iterator[Problem]:
    """Check grammar, target type and consistency of a Reference."""
    reference, named, target = value.get("reference"), value.get("type"), None
    if isinstance(reference, str):
        problem, target = _target(reference, scope)
        if problem:
            yield problem
    named = references.type_named(named) if isinstance(named, str) else None
    if target and named and target != named:
        yield rule("business-rule", f"The reference points at a {target}, not a {named}.", "type")
    pointed_at = target or named
    if pointed_at and targets and not scope.any_target and _is_none_of(pointed_at, targets):
        sentence = f"A {pointed_at} may not stand here, only {', '.join(targets)}."
        yield rule("business-rule", sentence, "reference" if target else "type")


def _is_none_of(name: str, targets: tuple[str, ...]) -> bool:
    return name not in targets and references.is_type(name)


def _target(reference: str, scope: Scope) -> tuple[Problem | None, str | None]:
    """Give what is wrong with a literal reference, and the type it points at as far as is seen."""
    if reference.startswith("#"):
        return _target_within(reference, scope)
    local = references.parse_relative(reference)
    if local:
        return None, local.resource_type
    if references.is_elsewhere(reference):
        return None, None
    hint = "Type/id of a type of FHIR R4, #id of a contained resource, an absolute URL or a URN"
    return Problem("value", f"Not a valid reference: it must be {hint}.", "reference"), None


def _target_within(reference: str, scope: Scope) -> tuple[Problem | None, str | None]:
    fragment = reference[1:]
    if not fragment:
        scope.pointing_back.add(scope.position)
        return None, scope.container_type
    scope.used.add(fragment)
    target = scope.contained.get(fragment)
    if target is None:
        return rule("not-found", "No contained resource has this id.", "reference"), None
    return None, target


def extension_problems(value: Mapping[str, Any]) -> Problems:
    """Check that an extension has either a value or extensions of its own (ext-1)."""
    has_value = any(key.lstrip("_").startswith("value") for key in value)
    if has_value == ("extension" in value):
        return (
            rule("invariant", "An extension has either a value or extensions, and one of them."),
        )
    return NONE


def published_problems(value: Mapping[str, Any], scope: Scope) -> Problems:
    """Check an extension against its definition, when HL7 publishes one with R4 or AU Core."""
    shape = shape_of(value["url"])
    if shape is None or shape.fits(value):
        return NONE
    profile = published_profile(value["url"])
    if profile is None:
        return NONE
    issues = conformance.issues(Value(value, "", "Extension"), profile, scope.around.resource)
    return [
        rule(each.code, each.diagnostics, each.expression[0].removeprefix("."))
        for each in issues
        if each.severity == "error"
    ]


def modifier_problems(value: Mapping[str, Any]) -> Problems:
    """Check that this server knows what a modifier extension does to its element."""
    url = value.get("url")
    if not isinstance(url, str) or url in MODIFIER_EXTENSIONS or url.startswith(OWN_BASE):
        return NONE
    sentence = "This server does not know this modifier extension and cannot honour its meaning."
    return (rule("extension", sentence, "url"),)


def concept_problems(value: Mapping[str, Any], value_set: str) -> Problems:
    """Check that one coding of a CodeableConcept is from its required value set."""
    listed = definitions.codes(value_set)
    if listed is None or value.keys() <= {"id", "extension"}:
        return NONE
    codings = value.get("coding")
    if isinstance(codings, list) and any(_is_listed(each, listed) for each in codings):
        return NONE
    sentence = not_in(value_set, frozenset[str]().union(*listed.values()))
    return (rule("code-invalid", sentence, "coding"),)


def _is_listed(coding: object, listed: Mapping[str, frozenset[str]]) -> bool:
    if not isinstance(coding, dict):
        return False
    system, code = coding.get("system"), coding.get("code")
    return isinstance(system, str) and isinstance(code, str) and code in listed.get(system, ())


def coding_problems(value: Mapping[str, Any]) -> Problems:
    """Check what can be told of a code without its code system at hand."""
    code = value.get("code")
    if value.get("system") == SNOMED_CT and type(code) is str and NO_SNOMED_CT.fullmatch(code):
        return (rule("code-invalid", "An identifier of SNOMED CT is digits alone.", "code"),)
    return NONE


def contained_types(resource: Mapping[str, Any]) -> dict[str, str]:
    """Give the type of each contained resource by its id, as far as both are there."""
    contained = resource.get("contained")
    return {
        each["id"]: each["resourceType"]
        for each in (contained if isinstance(contained, list) else ())
        if isinstance(each, dict)
        and isinstance(each.get("id"), str)
        and isinstance(each.get("resourceType"), str)
    }


def contained_problems(contained: list[Any], scope: Scope) -> Iterator[Problem]:
    """Check the rules for contained resources, after everything else noted what is pointed at."""
    seen: set[object] = set()
    for position, each in enumerate(contained):
        if isinstance(each, dict):
            for problem in _contained_problems(each, seen):
                yield from under(f"contained[{position}]", [problem])
            if not _is_used(each.get("id"), position, scope):
                yield rule("invariant", UNUSED, f"contained[{position}]")


def _is_used(contained_id: object, position: int, scope: Scope) -> bool:
    is_pointed_at = isinstance(contained_id, str) and contained_id in scope.used
    return is_pointed_at or position in scope.pointing_back


def _contained_problems(each: dict[str, Any], seen: set[object]) -> Iterator[Problem]:
    contained_id = each.get("id")
    if isinstance(contained_id, str):
        if contained_id in seen:
            yield rule("invariant", "Two contained resources have this id.", "id")
        seen.add(contained_id)
    if "contained" in each:
        yield rule("invariant", "A contained resource may not contain others (dom-2).", "contained")
    meta = each.get("meta")
    for key in META_NOT_IN_CONTAINED:
        if isinstance(meta, dict) and key in meta:
            sentence = "A contained resource has no version and no security labels (dom-4, dom-5)."
            yield rule("invariant", sentence, f"meta.{key}")
