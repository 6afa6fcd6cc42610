"""The strict layer and fhir.resources on valid R4: neither may refuse any of it.

The models see nothing that the strict layer misses: every mutation of `tests/property` is refused
without them, and what HL7 publishes as examples they take, known errors overruled.
"""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.fhir import definitions, models, validation
from api.fhir.lexical import parse, serialize
from tests.unit.fhir.valid_resources import valid_resource

TYPES = sorted(definitions.resource_types().keys() - {"Assessment"})


@settings(deadline=None)
@given(st.sampled_from(TYPES), st.randoms(use_true_random=False))
def test_valid_r4_of_any_type_passes_both_and_stays_as_it_is(name: str, random: Random) -> None:
    resource = valid_resource(name, random)
    before = serialize(resource)
    # Made without a thought for invariants, which `test_invariants` is about.
    problems = validation.problems(resource, name)
    assert [each for each in problems if each.code != "invariant"] == []
    assert models.second_opinion(resource) == []
    assert serialize(resource) == before


EXAMPLES = sorted((Path(__file__).parents[2] / "data" / "r4-examples").glob("*/*.json"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_official_example_that_the_strict_layer_takes_passes_the_model(file: Path) -> None:
    resource = parse(file.read_bytes())
    assert isinstance(resource, dict)
    name = str(resource["resourceType"])
    if not validation.problems(resource, name, any_target=True):
        assert models.second_opinion(resource) == []


def test_every_served_type_of_r4_has_a_model() -> None:
    assert [name for name in TYPES if models._model(name) is None] == []


def test_an_assessment_has_no_model_and_no_second_opinion() -> None:
    assert models.second_opinion({"resourceType": "Assessment"}) == []


def test_what_only_the_model_sees_is_named_by_its_path() -> None:
    resource = {"resourceType": "Patient", "contact": [{"name": {"family": 5}}]}
    (problem,) = models.second_opinion(resource)
    assert problem.path == "Patient.contact[0].name.family"


def test_entries_are_none_of_the_envelope_s_business() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"resource": {"resourceType": "Assessment"}}],
    }
    assert models.second_opinion(bundle) == []
    assert "resource" in bundle["entry"][0]


def test_the_models_are_not_imported_before_they_are_needed() -> None:
    program = "import sys, api.fhir.resource; sys.exit('fhir.resources' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
