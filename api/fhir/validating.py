"""Everything that can be said of a resource at once: errors, warnings and hints.

https://hl7.org/fhir/R4/validation.html

A write asks the strict layer alone (`api.fhir.resource.check`), and conformance to the profiles
that the resource claims when the operator says so. `$validate` asks for all of it, and for a second
opinion of fhir.resources beside.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from api.fhir import models, validation
from api.fhir.advice import advice
from api.fhir.lexical import JSON, Resource
from api.fhir.outcome import Issue
from api.fhir.profiles import conformance
from api.fhir.profiles.elements import Value
from api.fhir.profiles.published import published_profile
from api.fhir.validation_problem import MAX_PROBLEMS

STRUCTURE: Final = "http://hl7.org/fhir/StructureDefinition/"
_BY_SEVERITY: Final = ("fatal", "error", "warning", "information")


def all_issues(
    resource: JSON, resource_type: str, *, profiles: Sequence[str] = (), any_target: bool = False
) -> list[Issue]:
    """Give what is wrong with a resource and what could be better, the worst first.

    `profiles` are asked for beside those that the resource claims in meta.
    """
    problems = validation.problems(resource, resource_type, any_target=any_target)
    found = [each.issue() for each in problems]
    if isinstance(resource, dict) and resource.get("resourceType") == resource_type:
        found += _beyond_structure(resource, profiles, is_sound=not problems)
    found.sort(key=lambda each: _BY_SEVERITY.index(each.severity))
    return list(dict.fromkeys(found))[:MAX_PROBLEMS]


def _beyond_structure(
    resource: Resource, profiles: Sequence[str], *, is_sound: bool
) -> list[Issue]:
    found: list[Issue] = []
    try:
        for url in dict.fromkeys((*profiles, *claimed_profiles(resource))):
            found += profile_issues(resource, url)
        found += advice(resource)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # What is malformed may hide the rest; of a sound resource everything can be told.
        if is_sound:
            raise
    if is_sound:
        found += _second_opinion(resource)
    return found


def _second_opinion(resource: Resource) -> Iterator[Issue]:
    for each in models.second_opinion(resource):
        sentence = f"fhir.resources would not take this: {each.diagnostics}"
        yield Issue(each.code, sentence, (each.path,), "warning")


def claimed_profiles(resource: Resource) -> list[str]:
    """Give the profiles that a resource says it conforms to; what is no text is passed over."""
    meta = resource.get("meta")
    listed = meta.get("profile") if isinstance(meta, dict) else None
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def profile_issues(resource: Resource, url: str) -> Iterator[Issue]:
    """Give what a resource lacks of a profile; a warning when the profile is not known."""
    name = str(resource["resourceType"])
    where = (f"{name}.meta.profile",)
    if url.partition("|")[0] == f"{STRUCTURE}{name}":
        return
    profile = published_profile(url)
    if profile is None:
        sentence = f"This server does not know the profile {url[:200]!a} and did not check it."
        yield Issue("not-found", sentence, where, "warning")
    elif profile.type_name != name:
        yield Issue("structure", f"{profile.title} is a profile of {profile.type_name}.", where)
    else:
        yield from conformance.issues(Value(resource, name, name), profile, resource)


def errors_of_claimed_profiles(resource: Resource) -> list[Issue]:
    """Give the errors against the profiles that a sound resource claims, those that are known."""
    return [
        each
        for url in claimed_profiles(resource)
        for each in profile_issues(resource, url)
        if each.severity == "error"
    ]


def is_error(issue: Any) -> bool:
    """Tell whether an issue would refuse a write."""
    return issue.severity in ("fatal", "error")
