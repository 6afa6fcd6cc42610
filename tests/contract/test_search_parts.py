"""Summaries, elements, explanations and totals: https://hl7.org/fhir/R4/search.html#summary"""

from typing import Any

from tests.factories import (
    Digits,
    observation,
    patient,
    quantity,
    unique_name,
)
from tests.service import Service

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
STREAM_PHASE = "https://runspine.example.org/fhir/StructureDefinition/stream-phase"


def refusal(service: Service, query: str) -> str:
    answer = service.get(query)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["issue"][0]["diagnostics"])


def part(service: Service, query: str) -> dict[str, Any]:
    (entry,) = service.get(query).json()["entry"]
    return dict(entry["resource"])


def test_summaries_and_elements_are_parts_that_say_so(service: Service) -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">Seen</div>'
    who = service.create(patient(active=True, text={"status": "generated", "div": div}))
    value = {"valueQuantity": quantity(Digits("70.10")), "note": [{"text": "After a run"}]}
    seen = service.create(observation(f"Patient/{who['id']}", **value))
    everyone = f"Patient?_id={who['id']}"
    whole = part(service, everyone)
    assert "tag" not in whole["meta"]
    true = part(service, f"{everyone}&_summary=true")
    assert "text" not in true
    assert true["name"] == whole["name"]
    assert part(service, f"{everyone}&_summary=text").keys() == {
        "resourceType",
        "id",
        "meta",
        "text",
    }
    data = part(service, f"{everyone}&_summary=data")
    assert "text" not in data
    assert data["gender"] == "female"
    named = part(service, f"{everyone}&_elements=birthDate,gender")
    assert named.keys() == {"resourceType", "id", "meta", "gender", "active"}
    for each in (true, data, named):
        assert each["meta"]["tag"][0]["code"] == "SUBSETTED"
        assert each["meta"]["versionId"] == whole["meta"]["versionId"]
    measured = f"Observation?_id={seen['id']}"
    for name in ("value", "value[x]", "valueQuantity"):
        answer = service.get(f"{measured}&_elements={name}")
        assert '"value":70.10' in answer.text
        assert set(answer.json()["entry"][0]["resource"]) == {
            "resourceType", "id", "meta", "status", "code", "valueQuantity",
        }  # fmt: skip
    assert "note" not in part(service, f"{measured}&_summary=true")
    both = service.get(f"{measured}&_elements=status,Patient.gender&_include=Observation:subject")
    assert "gender" in both.json()["entry"][1]["resource"]
    assert "name" not in both.json()["entry"][1]["resource"]


def test_an_explained_search_says_what_it_understood_and_how_it_is_run(service: Service) -> None:
    query = "Patient?family=x&organization.name=y&_sort=-birthdate&_explain=true&colour=red"
    page = service.get(query, Prefer="handling=lenient").json()
    assert ("_explain", "true") in [
        tuple(each.split("=")) for each in page["link"][0]["url"].partition("?")[2].split("&")
    ]
    (entry,) = page["entry"]
    assert entry["search"]["mode"] == "outcome"
    said = [each["diagnostics"] for each in entry["resource"]["issue"]]
    assert any("colour" in each for each in said)
    assert any("Patient.family (index_string)" in each for each in said)
    assert any("a reference Patient.organization to a Organization" in each for each in said)
    assert any(each.startswith("Sorted by birthdate, descending") for each in said)
    assert any(each.startswith("Plan:") for each in said)


def test_totals_are_counted_once_a_walk(service: Service) -> None:
    run = unique_name("tot")
    for number in range(3):
        service.create(patient(identifier=[{"value": run}], birthDate=str(1990 + number)))
    page = service.get(f"Patient?identifier={run}&_sort=birthdate&_count=1&_total=accurate").json()
    links = {each["relation"]: each["url"] for each in page["link"]}
    assert page["total"] == 3
    service.create(patient(identifier=[{"value": run}]))
    assert service.get(links["next"]).json()["total"] == 3
    none = service.get(f"Patient?identifier={run}&_total=none").json()
    assert "total" not in none
