"""Valid resources broken in one place: every one is refused, and the place is named."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from api.fhir.lexical import parse
from api.fhir.outcome import Failure
from api.fhir.resource import check
from tests.property.mutations import MUTATIONS, Resource, mutated, names_it

EXAMPLES = Path(__file__).parents[1] / "data" / "r4-examples"
# One is wrong as published, the other points at a type that its element does not name.
LEFT_OUT = ("Questionnaire-qs1", "Observation-clinical-gender")
FILES = [each for each in sorted(EXAMPLES.glob("*/*.json")) if each.stem not in LEFT_OUT]


def read(file: Path) -> Resource:
    resource = parse(file.read_bytes())
    assert isinstance(resource, dict)
    return resource


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    st.sampled_from(FILES), st.sampled_from(sorted(MUTATIONS)), st.randoms(use_true_random=False)
)
def test_a_broken_resource_is_refused_and_the_element_named(
    file: Path, name: str, random: Random
) -> None:
    resource = read(file)
    found = mutated(resource, name, random)
    assume(found is not None)
    assert found is not None
    broken, path = found
    with pytest.raises(Failure) as refused:
        check(broken, resource["resourceType"])
    expressions = [each for issue in refused.value.issues for each in issue.expression]
    assert any(names_it(each, path) for each in expressions), (path, expressions)
