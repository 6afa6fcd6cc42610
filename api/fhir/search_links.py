"""Criteria on what a reference leads to, and criteria on resources of several types.

https://hl7.org/fhir/R4/search.html#chaining
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from api.fhir.outcome import Failure, Issue
from api.fhir.registry import registry
from api.fhir.search_condition import Condition, Criterion, Group, Link
from api.fhir.search_parameter import (
    NamedParameter,
    NotUnderstoodError,
    find_parameter,
    not_supported,
    shown,
)

_SHOWN_TYPES: Final = 5


def parameter_of(resource_type: str, name: str) -> NamedParameter:
    """Find a parameter of a type; raise NotUnderstoodError when it is not to be had."""
    found = find_parameter(resource_type, name)
    if isinstance(found, Issue):
        raise NotUnderstoodError(found)
    return found


def reference_of(resource_type: str, head: str, name: str) -> NamedParameter:
    """Find the reference `head` with which a chain called `name` begins."""
    named = parameter_of(resource_type, head)
    if named.parameter.type != "reference":
        sentence = (
            f"{shown(name)}: '{named.parameter.code}' of {resource_type} is a"
            f" {named.parameter.type} parameter; a chain goes over references."
        )
        raise NotUnderstoodError(not_supported(name, sentence))
    return named


def linked(named: NamedParameter, name: str, read: Callable[[str], Criterion]) -> Criterion:
    """Give the criterion on what a reference parameter refers to.

    `read` reads it for one target type. Those types count that understand it. Raises
    NotUnderstoodError when none does, and Failure when all that do refuse the value.
    """
    found: dict[str, Criterion] = {}
    refused: list[Failure] = []
    unknown: list[NotUnderstoodError] = []
    targets = _targets(named, name)
    for target in targets:
        try:
            found[target] = read(target)
        except Failure as failure:
            refused.append(failure)
        except NotUnderstoodError as error:
            unknown.append(error)
    if not found:
        raise refused[0] if refused else _nobody_knows(named, targets, unknown[0])
    return _one_link(named.key, found)


def joined(criteria: Sequence[Criterion]) -> Criterion:
    """Join criteria on different types, of which a resource has one, into one where possible."""
    first = criteria[0]
    conditions = [each for each in criteria if isinstance(each, Condition)]
    if len(criteria) == 1:
        return first
    asked = {(each.table, each.alternatives, each.is_negated) for each in conditions}
    if len(asked) != 1 or len(conditions) != len(criteria):
        is_negated = any(each.is_negated for each in conditions)
        return Group(tuple(criteria), is_all=is_negated)
    one = conditions[0]
    parameters = tuple(each.parameter for each in conditions)
    return Condition(one.table, "", one.alternatives, one.is_negated, one.rank, parameters)


def _targets(named: NamedParameter, name: str) -> list[str]:
    """Give the types over which a chain goes: the one it names, or all that may be meant."""
    types = registry().types
    code, targets = named.parameter.code, named.parameter.targets
    if named.modifier is None and targets:
        return [each for each in targets if each in types and types[each].is_stored]
    if named.modifier is None or named.modifier not in types:
        example = f"{code}:{(*targets, 'Patient')[0]}.…"
        sentence = f"{shown(name)}: say which type '{code}' refers to, as in {example}"
        raise NotUnderstoodError(not_supported(name, sentence))
    return [named.modifier]


def _nobody_knows(
    named: NamedParameter, targets: Sequence[str], first: NotUnderstoodError
) -> NotUnderstoodError:
    if len(targets) == 1:
        return first
    listed = ", ".join(targets[:_SHOWN_TYPES]) + (", …" if len(targets) > _SHOWN_TYPES else "")
    sentence = f"None of what '{named.parameter.code}' refers to ({listed}) understands the rest."
    issue = first.issue
    return NotUnderstoodError(
        Issue(issue.code, f"{sentence} {issue.diagnostics}", issue.expression)
    )


def _one_link(key: str, found: Mapping[str, Criterion]) -> Criterion:
    """Join what is asked of several target types, which is mostly the same, into one link."""
    one = joined(list(found.values()))
    if len(found) > 1 and isinstance(one, Condition) and one.parameters and not one.is_negated:
        return Link((key,), "", (one,))
    links = tuple(Link((key,), target, (criterion,)) for target, criterion in found.items())
    return links[0] if len(links) == 1 else Group(links)
