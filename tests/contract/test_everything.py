"""$everything: https://hl7.org/fhir/R4/patient-operation-everything.html"""

from typing import Any

import pytest

from tests.factories import (
    Resource,
    care_plan,
    condition,
    encounter,
    observation,
    patient,
    unique_name,
)
from tests.service import Service


def refs(page: Resource, mode: str | None = None) -> list[str]:
    return [
        f"{each['resource']['resourceType']}/{each['resource']['id']}"
        for each in page.get("entry", ())
        if mode in {None, each["search"]["mode"]}
    ]


def ref(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


class Record:
    """A patient with a record, beside another patient's observation."""

    def __init__(self, service: Service) -> None:
        self.clinic = service.create({"resourceType": "Organization", "name": "Clinic"})
        self.person = service.create(patient(managingOrganization={"reference": ref(self.clinic)}))
        other = service.create(patient())
        subject = ref(self.person)
        self.clinician = service.create({"resourceType": "Practitioner", "active": True})
        self.visit = service.create(encounter(subject))
        self.weight = service.create(
            observation(
                subject,
                encounter={"reference": ref(self.visit)},
                performer=[{"reference": ref(self.clinician)}],
                effectiveDateTime="2026-03-02T10:00:00+11:00",
            )
        )
        self.problem = service.create(condition(subject))
        self.plan = service.create(care_plan(subject))
        self.foreign = service.create(observation(ref(other)))
        self.of_person = [self.visit, self.weight, self.problem, self.plan]


@pytest.fixture
def record(service: Service) -> Record:
    return Record(service)


def test_a_patients_record_comes_as_one_bundle(service: Service, record: Record) -> None:
    answer = service.get(f"{ref(record.person)}/$everything")
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["type"] == "searchset"
    assert refs(page)[0] == ref(record.person)
    assert set(refs(page, "match")) == {ref(each) for each in [record.person, *record.of_person]}
    assert set(refs(page, "include")) == {ref(record.clinic), ref(record.clinician)}
    assert page["total"] == 5
    assert [each["relation"] for each in page["link"]] == ["self"]


def test_post_answers_the_same(service: Service, record: Record) -> None:
    path = f"{ref(record.person)}/$everything"
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "_type", "valueCode": "Observation"}],
    }
    assert service.request("POST", path).json() == service.get(path).json()
    assert (
        service.request("POST", path, body).json()
        == service.get(f"{path}?_type=Observation").json()
    )


def test_types_can_be_chosen(service: Service, record: Record) -> None:
    page = service.get(f"{ref(record.person)}/$everything?_type=Observation,Practitioner").json()
    assert refs(page, "match") == [ref(record.weight)]
    assert refs(page, "include") == [ref(record.clinician)]


def test_pages_follow_each_other_and_repeat_no_match(service: Service, record: Record) -> None:
    link: str | None = f"{ref(record.person)}/$everything?_count=1"
    found: list[str] = []
    pages = 0
    while link is not None:
        answer = service.get(link)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += refs(page, "match")
        links = {each["relation"]: each["url"] for each in page["link"]}
        link, pages = links.get("next"), pages + 1
    assert pages == 4
    assert sorted(found) == sorted(ref(each) for each in [record.person, *record.of_person])


def test_care_dates_choose_and_what_has_none_stays(service: Service, record: Record) -> None:
    path = f"{ref(record.person)}/$everything"
    within = refs(service.get(f"{path}?start=2026-03-01&end=2026-03-02").json(), "match")
    assert ref(record.weight) in within
    for period in ("start=2026-03-03", "end=2026-03-01"):
        outside = refs(service.get(f"{path}?{period}").json(), "match")
        assert ref(record.weight) not in outside
        assert ref(record.problem) in outside


def test_since_is_about_the_record(service: Service, record: Record) -> None:
    instant = record.plan["meta"]["lastUpdated"]
    found = refs(service.get(f"{ref(record.person)}/$everything?_since={instant}").json(), "match")
    assert ref(record.plan) in found
    assert ref(record.visit) not in found


def test_an_encounters_record(service: Service, record: Record) -> None:
    page = service.get(f"{ref(record.visit)}/$everything").json()
    assert set(refs(page, "match")) == {ref(record.visit), ref(record.weight)}
    assert set(refs(page, "include")) == {ref(record.person), ref(record.clinician)}


def test_an_assessment_comes_only_when_it_is_named(service: Service, record: Record) -> None:
    subject = {"reference": ref(record.person)}
    assessment = service.create(
        {"resourceType": "Assessment", "status": "in-progress", "subject": subject}
    )
    path = f"{ref(record.person)}/$everything"
    assert ref(assessment) not in refs(service.get(path).json())
    assert refs(service.get(f"{path}?_type=Assessment").json()) == [ref(assessment)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?_type=Patint", 400), ("?_count=0", 400), ("?_count=x", 400), ("?start=March", 400),
        ("?_since=now", 400), ("?name=x", 400), ("?_page=x", 400), ("?start=2026&start=2027", 400),
    ],
)  # fmt: skip
def test_what_it_does_not_take_is_refused(
    service: Service, record: Record, query: str, status: int
) -> None:
    answer = service.get(f"{ref(record.person)}/$everything{query}")
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_without_the_resource_there_is_nothing(service: Service, record: Record) -> None:
    assert service.get(f"Patient/{unique_name()}/$everything").status_code == 404
    assert service.get(f"Observation/{record.weight['id']}/$everything").status_code == 404
    assert service.get("Patient/$everything").status_code == 404
    gone = service.create(patient())
    service.request("DELETE", ref(gone))
    assert service.get(f"{ref(gone)}/$everything").status_code == 410


def test_an_operation_stands_in_a_batch(service: Service, record: Record) -> None:
    body: Any = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": f"{ref(record.person)}/$everything"}}],
    }
    entry = service.request("POST", "", body).json()["entry"][0]
    assert entry["response"]["status"] == "200 OK"
    assert entry["resource"]["type"] == "searchset"
