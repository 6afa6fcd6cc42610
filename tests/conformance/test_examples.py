"""HL7's own R4 examples go in and come out again, digit for digit but for id and meta."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service import Service

EXAMPLES = Path(__file__).parents[1] / "data" / "r4-examples"
TYPES = (
    "Patient", "Encounter", "CarePlan", "Observation", "Questionnaire", "QuestionnaireResponse",
    "Goal", "Condition", "Practitioner", "Organization",
)  # fmt: skip
# HL7's example is wrong: an item has no linkId.
WRONG = {"Questionnaire-qs1"}
FILES = sorted(path for kind in TYPES for path in (EXAMPLES / kind).glob("*.json"))
VALID = [path for path in FILES if path.stem not in WRONG]


class Number(str):
    """A number of JSON as it is written."""

    __slots__ = ()


def exactly(text: str) -> Any:
    """JSON whose numbers keep their digits, so that 1.0 and 1 differ."""
    document = json.loads(text, parse_int=Number, parse_float=Number)
    if isinstance(document, dict):
        document.pop("id", None)
        document.pop("meta", None)
    return document


def test_there_are_examples_of_every_type() -> None:
    assert {path.parent.name for path in FILES} == set(TYPES)
    assert len(FILES) >= 90


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_an_example_is_created_and_read_back(allowing_service: Service, path: Path) -> None:
    text = path.read_bytes()
    answer = allowing_service.request("POST", path.parent.name, text)
    assert answer.status_code == 201, answer.text
    stored = allowing_service.get(f"{path.parent.name}/{answer.json()['id']}")
    assert exactly(stored.text) == exactly(text.decode())


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_an_example_is_put_under_its_own_id(allowing_service: Service, path: Path) -> None:
    text = path.read_bytes()
    written = json.loads(text)
    address = f"{path.parent.name}/{written['id']}"
    answer = allowing_service.request("PUT", address, text)
    assert answer.status_code in {200, 201}, answer.text
    stored = allowing_service.get(address)
    assert exactly(stored.text) == exactly(text.decode())
    meta = {key: item for key, item in written.get("meta", {}).items() if key not in SERVERS_OWN}
    kept = stored.json()["meta"]
    assert {key: item for key, item in kept.items() if key not in SERVERS_OWN} == meta


SERVERS_OWN = {"versionId", "lastUpdated"}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_an_example_that_is_wrong_is_refused(allowing_service: Service, name: str) -> None:
    path = EXAMPLES / name.partition("-")[0] / f"{name}.json"
    answer = allowing_service.request("POST", path.parent.name, path.read_bytes())
    assert answer.status_code in {400, 422}
    assert any("linkId" in str(issue) for issue in answer.json()["issue"])
