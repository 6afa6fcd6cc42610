"""Search within a compartment: https://hl7.org/fhir/R4/http.html#vsearch"""

import pytest

from tests.factories import Resource, care_plan, encounter, observation, patient, unique_name
from tests.service import Service

FORM = "application/x-www-form-urlencoded"


def ref(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


class Ward:
    """Two patients with an encounter, observations and a plan of the first."""

    def __init__(self, service: Service) -> None:
        one, other = service.create(patient()), service.create(patient())
        self.one, self.other = ref(one), ref(other)
        self.clinician = ref(service.create({"resourceType": "Practitioner", "active": True}))
        self.visit = ref(service.create(encounter(self.one)))
        self.weight = self._observation(service, self.one, encounter=self.visit)
        # Of the other patient, told by the first: in the compartments of both.
        self.told = self._observation(service, self.other, performer=self.one)
        self.seen = self._observation(service, self.other, performer=self.clinician)
        self.plan = ref(service.create(care_plan(self.one)))

    @staticmethod
    def _observation(service: Service, subject: str, **elements: str) -> str:
        made: Resource = {
            name: [{"reference": text}] if name == "performer" else {"reference": text}
            for name, text in elements.items()
        }
        return ref(service.create(observation(subject, **made)))


@pytest.fixture
def ward(service: Service) -> Ward:
    return Ward(service)


def test_one_type_of_a_patient(service: Service, ward: Ward) -> None:
    assert set(service.found(f"{ward.one}/Observation")) == {ward.weight, ward.told}
    assert set(service.found(f"{ward.other}/Observation")) == {ward.told, ward.seen}
    assert service.found(f"{ward.one}/Encounter") == [ward.visit]


def test_every_type_of_a_patient(service: Service, ward: Ward) -> None:
    everything = {ward.visit, ward.weight, ward.told, ward.plan}
    assert set(service.found(f"{ward.one}/*")) == everything
    assert service.found(f"{ward.one}/*?_type=CarePlan,Encounter&_sort=_lastUpdated") == [
        ward.visit,
        ward.plan,
    ]


def test_other_compartments(service: Service, ward: Ward) -> None:
    assert service.found(f"{ward.visit}/Observation") == [ward.weight]
    assert service.found(f"{ward.clinician}/Observation") == [ward.seen]


def test_parameters_narrow_it(service: Service, ward: Ward) -> None:
    found = service.found(f"{ward.one}/Observation?subject={ward.other}")
    assert found == [ward.told]
    assert service.found(f"{ward.one}/Observation?status=amended") == []


def test_a_form_asks_the_same(service: Service, ward: Ward) -> None:
    answer = service.request(
        "POST", f"{ward.one}/Observation/_search", b"status=final", Content_Type=FORM
    )
    assert {each["resource"]["id"] for each in answer.json()["entry"]} == {
        ward.weight.split("/")[1],
        ward.told.split("/")[1],
    }


def test_pages_stay_within_the_compartment(service: Service, ward: Ward) -> None:
    answer = service.get(f"{ward.one}/*?_count=1&_total=accurate")
    page = answer.json()
    assert page["total"] == 4
    links = {each["relation"]: each["url"] for each in page["link"]}
    assert links["self"].startswith(f"{service.base}/{ward.one}/*?")
    assert len(list(service.matches(f"{ward.one}/*?_count=1"))) == 4
    stolen = links["next"].replace(ward.one, ward.other)
    assert service.get(stolen).status_code == 400


def test_an_assessment_is_found_where_it_is_named(service: Service, ward: Ward) -> None:
    made = {
        "resourceType": "Assessment", "status": "in-progress", "subject": {"reference": ward.one},
    }  # fmt: skip
    assessment = ref(service.create(made))
    assert service.found(f"{ward.one}/Assessment") == [assessment]
    assert service.found(f"{ward.one}/*?_type=Assessment") == [assessment]
    assert assessment not in service.found(f"{ward.one}/*")


def test_of_nobody_and_of_other_types_there_is_nothing(service: Service, ward: Ward) -> None:
    assert service.found(f"Patient/{unique_name()}/Observation") == []
    assert service.found(f"{ward.one}/*?_type=Location") == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Organization/1/Patient", 404), ("Patient/1/Location", 404), ("Patient/1/Observatio", 404),
        ("Patient/1/observation", 404), ("Patient/1/Observation/2", 404), ("Patint/1/*", 404),
        ("Patient/a%20b/Observation", 400), ("Patient/1/Observation?nothing=1", 400),
        ("Patient/1/*?birthdate=2000", 400),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(service: Service, path: str, status: int) -> None:
    answer = service.get(path)
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_compartment_is_only_read(service: Service) -> None:
    assert service.request("DELETE", "Patient/1/Observation").status_code == 405
