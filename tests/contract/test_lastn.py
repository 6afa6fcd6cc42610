"""$lastn: https://hl7.org/fhir/R4/observation-operation-lastn.html"""

import pytest

from tests.factories import LOINC, Resource, concept, observation, patient, unique_name
from tests.service import Service

VITAL = concept("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")


def found(service: Service, query: str) -> list[str]:
    answer = service.get(f"Observation/$lastn?{query}")
    assert answer.status_code == 200, answer.text
    return [each["resource"]["id"] for each in answer.json().get("entry", ())]


class Chart:
    """Three weights, two heart rates and two remarks of one person."""

    def __init__(self, service: Service) -> None:
        self.person = f"Patient/{service.create(patient())['id']}"
        weight, rate = concept(LOINC, "29463-7"), concept(LOINC, "8867-4")
        local = {"coding": [{"system": "urn:local", "code": "wt"}, *weight["coding"]]}
        self.weights = [
            self._one(service, code, day)
            for code, day in ((weight, "2026-01-01"), (local, "2026-03-01"), (weight, "2026-02-01"))
        ]
        self.rates = [self._one(service, rate, day) for day in ("2026-01-05", "2026-01-04")]
        self.remarks = [
            self._one(service, {"text": "how the run felt"}, day)
            for day in ("2025-01-01", "2025-01-02")
        ]

    def _one(self, service: Service, code: Resource, day: str) -> str:
        made = observation(self.person, code=code, effectiveDateTime=day, category=[VITAL])
        return str(service.create(made)["id"])


@pytest.fixture
def chart(service: Service) -> Chart:
    return Chart(service)


def test_the_newest_of_each_code(service: Service, chart: Chart) -> None:
    newest = found(service, f"patient={chart.person}&category=vital-signs")
    assert newest == [chart.weights[1], chart.rates[0], chart.remarks[1]]


def test_max_gives_more_of_each(service: Service, chart: Chart) -> None:
    newest = found(service, f"subject={chart.person}&category=vital-signs&max=2")
    assert newest == [
        chart.weights[1], chart.weights[2], chart.rates[0], chart.rates[1],
        chart.remarks[1], chart.remarks[0],
    ]  # fmt: skip


def test_other_parameters_narrow_it(service: Service, chart: Chart) -> None:
    newest = found(service, f"patient={chart.person}&code={LOINC}|29463-7&date=lt2026-03-01")
    assert newest == [chart.weights[2]]


def test_post_answers_the_same(service: Service, chart: Chart) -> None:
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "patient", "valueString": chart.person},
            {"name": "category", "valueString": "vital-signs"},
            {"name": "max", "valuePositiveInt": 1},
        ],
    }
    answer = service.request("POST", "Observation/$lastn", body)
    assert [each["resource"]["id"] for each in answer.json()["entry"]] == [
        chart.weights[1], chart.rates[0], chart.remarks[1],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    ["category=vital-signs", "patient=Patient/{0}", "patient=Patient/{0}&code=x&max=0",
     "patient=Patient/{0}&code=x&max=two", "patient=Patient/{0}&code=x&max=1&max=2",
     "patient=Patient/{0}&code=x&_sort=date", "patient=Patient/{0}&code=x&nothing=y"],
)  # fmt: skip
def test_what_it_does_not_take_is_refused(service: Service, query: str) -> None:
    answer = service.get(f"Observation/$lastn?{query.format(unique_name())}")
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_nobody_has_no_observations(service: Service) -> None:
    assert found(service, f"patient={unique_name()}&code=x") == []
