"""The demo clinic is what its script builds, and its examples can be written as they stand."""

import json
from typing import Any

import pytest

from api.clinic.gate import Clinic
from examples.demo import build
from tests.unit.clinic.ward import sent


def test_the_committed_bundle_is_what_the_script_builds() -> None:
    assert build.BUNDLE.read_text(encoding="utf-8") == build.bundle_text()


@pytest.mark.parametrize("name", sorted(build.examples()))
def test_the_committed_examples_are_what_the_script_builds(name: str) -> None:
    committed: dict[str, Any] = json.loads((build.EXAMPLES / name).read_text(encoding="utf-8"))
    assert committed == build.examples()[name]


def test_the_full_example_is_complete_and_the_short_one_can_be_planned_from(
    clinic: Clinic,
) -> None:
    full = clinic.evaluate(sent(build.examples()["assessment.json"]))["evaluation"]
    short = clinic.evaluate(sent(build.examples()["assessment-short.json"]))["evaluation"]
    assert full["complete"] is True
    assert short["complete"] is False
    assert short["planBlocked"] is False
    assert short["hypothesis"][0]["pattern"] == "P-FACET"


def test_every_resource_of_the_demo_has_an_id_of_its_own() -> None:
    entries = build.bundle()["entry"]
    urls = [entry["request"]["url"] for entry in entries]
    assert {entry["request"]["method"] for entry in entries} == {"PUT"}
    assert len(set(urls)) == len(urls)
