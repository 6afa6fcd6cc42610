"""The invariants of R4, compiled, beside fhirpathpy, which others wrote from the same grammar."""

import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fhirpathpy import apply_parsed_path
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models
from fhirpathpy.parser import parse as parse_expression
from hypothesis import given, settings
from hypothesis import strategies as st

from api.fhir import definitions, validation
from api.fhir.fhirpath.code import Around
from api.fhir.invariants import (
    CORRECTED,
    HELD_ELSEWHERE,
    NEVER_BROKEN,
    Invariant,
    invariants,
    rows,
)
from api.fhir.lexical import parse
from tests.unit.fhir.valid_resources import valid_resource

EXAMPLES = Path(__file__).parents[2] / "data" / "r4-examples"
TYPES = sorted(definitions.resource_types().keys() - {"Assessment"})

NOT_COMPARED = {
    "eld-19": "fhirpathpy looks for the pattern anywhere in the text",
    "eld-20": "fhirpathpy looks for the pattern anywhere in the text",
    "que-7": "fhirpathpy tells the Boolean of FHIRPath from the boolean of FHIR",
}
# An order that cannot be told (dates of other precision, quantities of other units) is kept here;
# fhirpathpy has no answer or a wrong one. What is broken here must be so there.
ORDERED = ("inv-1", "mdd-1", "per-1", "ras-2", "rng-2")


def type_at(path: str) -> str:
    """Give the type of what stands at a path of the invariants."""
    if definitions.is_known(path):
        return path
    owner, _, key = path.rpartition(".")
    element = definitions.element(owner, key)
    assert element is not None, path
    return element.type


PATHS = [path for path in rows() if path != "DomainResource"]
ALL = [(path, each) for path in PATHS for each in invariants(path, type_at(path), path)]


def elements(resource: Any, type_name: str, path: str) -> Iterator[tuple[str, str, Any]]:
    """Give the path in the definitions, the type and the value of each object."""
    yield path, type_name, resource
    for key, value in resource.items():
        element = definitions.element(type_name, key)
        if element is None or element.is_primitive:
            continue
        for each in value if isinstance(value, list) else [value]:
            if element.type != "Resource":
                yield from elements(each, element.type, f"{type_name}.{key}")


def test_every_invariant_is_evaluated_or_held_elsewhere() -> None:
    assert len(ALL) + sum(
        row[0] in HELD_ELSEWHERE for each in PATHS for row in rows()[each]
    ) == sum(len(rows()[each]) for each in PATHS)


def test_the_documents_name_every_invariant_that_is_not_as_published() -> None:
    text = (Path(__file__).parents[3] / "docs" / "validate.md").read_text()
    named = set(re.findall(r"\b[a-z]{2,4}-\d+\b", text))
    assert {*HELD_ELSEWHERE, *CORRECTED, *NEVER_BROKEN} <= named


def test_what_is_said_of_an_invariant_is_said_of_one_that_exists() -> None:
    keys = {row[0] for each in rows().values() for row in each}
    assert {*HELD_ELSEWHERE, *CORRECTED, *NEVER_BROKEN, *NOT_COMPARED} <= keys


# fhirpathpy has no types.
_parse: Callable[[str], Any] = parse_expression
_node: Callable[[Any, str], Any] = ResourceNode.create_node
_apply: Callable[..., Any] = apply_parsed_path
_tree = cache(_parse)


# fhirpathpy has none; without siblings every primitive that is there has a value.
HAS_VALUE = {"fn": lambda inputs: len(inputs) == 1, "arity": {0: []}}


def _verdict(expression: str, item: Any, type_name: str, resource: Any) -> bool | None:
    """Ask fhirpathpy; None where it cannot evaluate the expression."""
    node = item if item is resource else _node(item, type_name)
    around = {"resource": resource, "rootResource": resource, "context": item}
    options = {"traceFn": lambda *_: None, "userInvocationTable": {"hasValue": HAS_VALUE}}
    try:
        found = _apply(node, _tree(expression), around, models["r4"], options)
    except Exception:  # noqa: BLE001 - it raises what it likes.
        return None
    return bool(found == [True])


def disagreements(resource: Any) -> list[tuple[str, str]]:
    name = resource["resourceType"]
    found = []
    for path, type_name, item in elements(resource, name, name):
        around = Around(resource, resource, item)
        for expression, each in _of(path, type_name):
            verdict = _verdict(expression, item, type_name, resource)
            holds = each.holds(item, around)
            is_left_open = verdict is None or (holds and each.key in ORDERED)
            if not is_left_open and verdict is not holds:
                found.append((path, each.key))
    return found


@cache
def _of(path: str, type_name: str) -> tuple[tuple[str, Invariant], ...]:
    """Give the invariants of an element and of its type, each with its expression."""
    return tuple(
        (CORRECTED.get(row[0], (row[3],))[0], each)
        for where in dict.fromkeys((path, type_name))
        for row in rows().get(where, ())
        for each in invariants(where, type_name, where.partition(".")[0])
        if each.key == row[0] and each.key not in NOT_COMPARED
    )


def without_siblings(value: Any) -> Any:
    """Leave out what stands beside primitives, which fhirpathpy takes for part of their value."""
    if isinstance(value, list):
        return [each for each in map(without_siblings, value) if each not in ({}, None)]
    if not isinstance(value, dict):
        return value
    kept = {key: without_siblings(each) for key, each in value.items() if key[0] != "_"}
    return {key: each for key, each in kept.items() if each not in ({}, [], None)}


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*/*.json")), ids=lambda file: file.stem)
def test_both_agree_on_an_official_example(file: Path) -> None:
    assert disagreements(parse(file.read_bytes())) == []


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(TYPES), st.randoms(use_true_random=False))
def test_both_agree_on_resources_of_any_type(name: str, random: Random) -> None:
    assert disagreements(without_siblings(valid_resource(name, random))) == []


MANY = 20_000
LARGE = {
    "obs-7": {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"code": f"a{number}"} for number in range(MANY)]},
        "valueString": "x",
        "component": [{"code": {"coding": [{"code": f"b{n}"}]}} for n in range(MANY)],
    },
    "ctm-1": {
        "resourceType": "CareTeam",
        "contained": [
            {"resourceType": "Practitioner", "id": f"p{number}", "active": True}
            for number in range(MANY)
        ],
        "participant": [
            {"member": {"reference": f"#p{number}"}, "onBehalfOf": {"display": "x"}}
            for number in range(MANY)
        ],
    },
    "que-2": {
        "resourceType": "Questionnaire",
        "status": "draft",
        "item": [{"linkId": f"a{number}", "type": "string"} for number in range(MANY)],
    },
}


@pytest.mark.parametrize("resource", LARGE.values(), ids=LARGE.keys())
def test_a_rule_about_each_of_many_takes_no_time_for_each_pair(resource: dict[str, Any]) -> None:
    before = time.process_time()
    assert validation.problems(resource, resource["resourceType"]) == []
    # Looking at each pair would take minutes.
    assert time.process_time() - before < 10
