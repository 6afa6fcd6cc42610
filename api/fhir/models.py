"""The second opinion: the models of fhir.resources, which others wrote from the same definitions.

They are of R4B, the closest there is. For 124 of the types served the elements are R4's own;
ActivityDefinition and PlanDefinition gain one, and the datatypes Extension and ElementDefinition
differ slightly. So where they and the strict layer can disagree on valid R4, the strict layer,
which reads R4's own definitions, has the last word (see OVERRULED).

A write does not ask them: since the strict layer evaluates the invariants of R4 too, they have not
once seen what it misses, in thousands of mutations and the inputs for validators among the tests,
and they took nine tenths of a write's validation. `$validate` asks them and passes on what they say
as a warning; the tests hold the strict layer against them. The models are imported when first
asked, or ahead of that by `warm`.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Final

from pydantic import ValidationError

from api.fhir.lexical import Resource
from api.fhir.validation_problem import Problem

# Verdicts that are known to be wrong about some valid R4:
OVERRULED: Final = frozenset(
    (
        # Names are R4's, not R4B's.
        "extra_forbidden",
        # A uuid is asked to be of version 4; R4 takes any.
        "uuid_version",
        # A required primitive array whose values are all in its `_` sibling counts as missing.
        "model_field_validation.missing",
    )
)
# A choice given by its `_valueString` sibling alone counts as missing. The verdict is one on a
# whole object, and has the same type as those on a single date.
OVERRULED_OF_OBJECTS: Final = "value_error"
# Resources in these stand for themselves, and Assessment among them has no model.
ENVELOPES: Final = {"Bundle": "entry", "Parameters": "parameter"}


def warm(resource_types: Iterable[str]) -> None:
    """Import the models of these types ahead of their first use; may run in a thread."""
    for name in resource_types:
        _model(name)


def second_opinion(resource: Resource) -> list[Problem]:
    """Ask the model of the resource's type; for a resource that the strict layer let pass.

    Paths start with the type. A type without a model has no problems. The resource is only read.
    """
    name = resource["resourceType"]
    model = _model(name)
    if model is None:
        return []
    try:
        model.model_validate(_without_entries(resource, name))
    except ValidationError as error:
        return list(_problems(error, name))
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError):
        # The models stumble over some valid R4, such as an extension on a required array.
        return []
    return []


def _model(name: str) -> Any | None:
    library = import_module("fhir.resources.R4B")
    try:
        return library.get_fhir_model_class(name)
    except ValueError:
        return None


def _without_entries(resource: Resource, name: str) -> Resource:
    key = ENVELOPES.get(name)
    if key is None or key not in resource:
        return resource
    entries = [
        {part: value for part, value in each.items() if part != "resource"}
        for each in resource[key]
    ]
    return {**resource, key: entries}


def _problems(error: ValidationError, name: str) -> Iterator[Problem]:
    for each in error.errors():
        is_of_object = isinstance(each["input"], dict) and each["type"] == OVERRULED_OF_OBJECTS
        if each["type"] not in OVERRULED and not is_of_object:
            yield Problem("invalid", _sentence(each["msg"]), _expression(name, each["loc"]))


def _sentence(message: str) -> str:
    return message if message.endswith(".") else message + "."


def _expression(name: str, location: Iterable[str | int]) -> str:
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{step.removeprefix('_')}" for step in location
    )
    return name + "".join(steps)
