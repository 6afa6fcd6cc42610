"""HL7's own examples, as the specification publishes them."""

from pathlib import Path

import pytest

from api.fhir.lexical import Resource, parse, serialize
from api.fhir.outcome import Failure, FailureKind
from api.fhir.resource import check, equal_content, stamp

EXAMPLES = Path(__file__).parents[2] / "data" / "r4-examples"
REFUSED = "Questionnaire-qs1.json"
NAMES_A_WRONG_TARGET = "Observation-clinical-gender.json"
FILES = sorted(each for each in EXAMPLES.glob("*/*.json") if each.name != REFUSED)


def read(file: Path) -> Resource:
    resource = parse(file.read_bytes())
    assert isinstance(resource, dict)
    return resource


def test_the_examples_are_there() -> None:
    assert len(FILES) == 96


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_official_example_is_accepted_and_kept_digit_for_digit(file: Path) -> None:
    resource = read(file)
    before = serialize(resource)
    checked = check(resource, resource["resourceType"], any_target=True)
    assert serialize(resource) == before
    stored = parse(stamp(checked, "x", 7, 1_700_000_000_000_000))
    assert isinstance(stored, dict)
    assert equal_content(stored, resource)


def test_the_example_that_lacks_link_ids_is_refused() -> None:
    with pytest.raises(Failure) as refused:
        check(read(EXAMPLES / "Questionnaire" / REFUSED), "Questionnaire")
    assert refused.value.kind is FailureKind.INVALID
    assert refused.value.issues[0].expression == ("Questionnaire.item[0].item[0].linkId",)


def test_the_example_that_names_a_wrong_target_is_refused_where_references_are_checked() -> None:
    with pytest.raises(Failure) as refused:
        check(read(EXAMPLES / "Observation" / NAMES_A_WRONG_TARGET), "Observation")
    assert refused.value.kind is FailureKind.UNPROCESSABLE
    assert refused.value.issues[0].expression == ("Observation.performer[0].reference",)
