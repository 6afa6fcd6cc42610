"""Search on several types: https://hl7.org/fhir/R4/http.html#vsearch"""

from typing import Any

import pytest

from tests.factories import Resource, encounter, observation, patient, unique_name
from tests.service import Service

FORM = "application/x-www-form-urlencoded"


def ref(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


class Tagged:
    """Resources of three types with a tag of their own."""

    def __init__(self, service: Service) -> None:
        self.tag = unique_name()
        meta = {"tag": [{"system": "urn:tags", "code": self.tag}]}
        self.person = ref(service.create(patient(meta=meta)))
        self.visit = ref(service.create(encounter(self.person, meta=meta)))
        self.weight = ref(service.create(observation(self.person, meta=meta)))
        self.all = [self.person, self.visit, self.weight]


@pytest.fixture
def tagged(service: Service) -> Tagged:
    return Tagged(service)


def test_types_that_are_named(service: Service, tagged: Tagged) -> None:
    found = service.found(f"?_type=Patient,Observation&_tag=urn:tags|{tagged.tag}")
    assert set(found) == {tagged.person, tagged.weight}


def test_every_type(service: Service, tagged: Tagged) -> None:
    assert set(service.found(f"?_tag={tagged.tag}")) == set(tagged.all)


def test_by_post(service: Service, tagged: Tagged) -> None:
    form = f"_type=Encounter&_tag={tagged.tag}".encode()
    answer = service.request("POST", "_search", form, Content_Type=FORM)
    assert answer.status_code == 200, answer.text
    (entry,) = answer.json()["entry"]
    assert entry["fullUrl"] == f"{service.base}/{tagged.visit}"


def test_in_order_and_by_pages(service: Service, tagged: Tagged) -> None:
    base = f"?_tag={tagged.tag}&_count=1&_sort="
    assert service.found(f"{base}_lastUpdated") == tagged.all
    assert service.found(f"{base}-_lastUpdated") == tagged.all[::-1]


def test_parameters_that_all_types_have(service: Service, tagged: Tagged) -> None:
    found = service.found(f"?_type=Encounter,Observation&subject={tagged.person}")
    assert set(found) == {tagged.visit, tagged.weight}


def test_an_assessment_comes_only_when_it_is_named(service: Service, tagged: Tagged) -> None:
    made: Any = {
        "resourceType": "Assessment",
        "status": "in-progress",
        "subject": {"reference": tagged.person},
        "meta": {"tag": [{"system": "urn:tags", "code": tagged.tag}]},
    }
    assessment = ref(service.create(made))
    assert assessment not in service.found(f"?_tag={tagged.tag}")
    assert service.found(f"?_type=Assessment&_tag={tagged.tag}") == [assessment]


@pytest.mark.parametrize(
    "query",
    ["?_type=Patint", "?birthdate=2000", "?_type=Patient,Observation&birthdate=2000", "?nothing=1"],
)
def test_what_is_not_understood_is_refused(service: Service, query: str) -> None:
    answer = service.get(query)
    assert answer.status_code == 400, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_search_stands_in_a_batch(service: Service, tagged: Tagged) -> None:
    url = f"?_type=Patient&_tag={tagged.tag}"
    body = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": url}}],
    }
    entry = service.request("POST", "", body).json()["entry"][0]
    assert [each["resource"]["resourceType"] for each in entry["resource"]["entry"]] == ["Patient"]
