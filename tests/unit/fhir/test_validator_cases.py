"""Inputs for validators, beside what the HL7 Java validator and Firely say of them."""

from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from api.fhir.lexical import parse
from api.fhir.outcome import Failure
from api.fhir.resource import check
from api.fhir.validating import all_issues, is_error

CASES = Path(__file__).parents[2] / "data" / "validator-cases"
# Of the inputs that the Java validator refuses, the best open validators catch about four in ten.
LEAST_CAUGHT = 0.8

# What the Java validator refuses and is taken here, and why.
TAKEN = {
    "bundle-document-versioned-references-bad.json": (
        "references within the Bundle are ambiguous; R4 has no rule that they may not be"
    ),
    "bundle-id-collection.json": "a display that differs from the code system's",
    "maiden-name.json": "an extension of HL7 where its definition does not see it, "
    "which HL7's own definitions do too: $validate gives a warning",
    "nested-questionnaire-nested-valueset.json": "an extension that it does not know",
    "target-ref-profile-empty.json": "extensions that it does not know, and a display",
}


Case: TypeAlias = dict[str, Any]
LISTED: list[Case] = [
    orjson.loads(line) for line in (CASES / "index.jsonl").read_bytes().splitlines()
]
NAMES = [case["file"].removesuffix(".json") for case in LISTED]


def is_taken(case: Case) -> bool:
    """Whether a write of the input would get past validation."""
    try:
        resource = parse((CASES / case["file"]).read_bytes())
        name = resource.get("resourceType") if isinstance(resource, dict) else None
        check(resource, name if isinstance(name, str) else "Patient")
    except Failure:
        return False
    return True


@pytest.mark.parametrize("case", LISTED, ids=NAMES)
def test_the_verdict_is_that_of_the_java_validator_or_explained(case: Case) -> None:
    is_expected = case["java"] == 0 or case["file"] in TAKEN
    assert is_taken(case) is is_expected


def test_eight_in_ten_of_what_the_java_validator_refuses_are_caught() -> None:
    wrong = [case for case in LISTED if case["java"]]
    caught = sum(not is_taken(case) for case in wrong)
    assert caught / len(wrong) >= LEAST_CAUGHT, f"{caught} of {len(wrong)}"


@pytest.mark.parametrize("case", LISTED, ids=NAMES)
def test_all_that_can_be_said_of_an_input_agrees_with_the_refusal(case: Case) -> None:
    try:
        resource = parse((CASES / case["file"]).read_bytes())
    except Failure:
        return
    name = resource.get("resourceType") if isinstance(resource, dict) else None
    issues = all_issues(resource, name if isinstance(name, str) else "Patient")
    if not is_taken(case):
        assert any(map(is_error, issues))


def test_an_extension_out_of_place_is_a_warning() -> None:
    resource = parse((CASES / "maiden-name.json").read_bytes())
    found = all_issues(resource, "Patient")
    assert ("extension", "warning") in {(each.code, each.severity) for each in found}
