"""batch: https://hl7.org/fhir/R4/http.html#transaction"""

from tests.factories import bundle, entry, observation, patient, unique_name
from tests.service import Service


def test_the_entries_of_a_batch_succeed_or_fail_on_their_own(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    answer = service.request(
        "POST",
        "",
        bundle(
            "batch",
            entry("POST", "Patient", patient()),
            entry("POST", "Patient", patient(gender="weiblich")),
            entry("GET", path),
            entry("GET", f"Patient/{unique_name()}"),
            entry("PUT", path, stored | {"gender": "male"}, ifMatch='W/"9"'),
            entry("GET", "Patient?nonsense=1"),
        ),
    )
    assert answer.status_code == 200
    assert answer.json()["type"] == "batch-response"
    responses = [each["response"] for each in answer.json()["entry"]]
    status = [each["status"][:3] for each in responses]
    assert status[0] == "201"
    assert status[1] in {"400", "422"}
    assert status[2:] == ["200", "404", "412", "400"]
    assert responses[0]["location"].startswith(f"{service.base}/Patient/")
    assert responses[0]["etag"] == 'W/"1"'
    assert "lastModified" in responses[0]
    for number in (1, 3, 4, 5):
        assert responses[number]["outcome"]["resourceType"] == "OperationOutcome"


def test_a_batch_reads_searches_and_deletes(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    answer = service.request(
        "POST",
        "",
        bundle(
            "batch",
            entry("GET", path),
            entry("GET", f"Patient?_id={stored['id']}"),
            entry("GET", f"{path}/_history"),
            entry("GET", f"{path}/_history/1"),
            entry("GET", "metadata"),
            entry("DELETE", f"Patient/{unique_name()}"),
        ),
    )
    entries = answer.json()["entry"]
    assert entries[0]["resource"] == stored
    assert (entries[1]["resource"]["type"], entries[1]["resource"]["total"]) == ("searchset", 1)
    assert entries[2]["resource"]["type"] == "history"
    assert entries[3]["resource"] == stored
    assert entries[4]["resource"]["resourceType"] == "CapabilityStatement"
    assert entries[5]["response"]["status"][:3] in {"200", "204", "404"}


def test_if_none_match_in_an_entry_is_not_modified(service: Service) -> None:
    stored = service.create(patient())
    answer = service.request(
        "POST", "", bundle("batch", entry("GET", f"Patient/{stored['id']}", ifNoneMatch='W/"1"'))
    )
    assert answer.json()["entry"][0]["response"]["status"][:3] == "304"
    assert "resource" not in answer.json()["entry"][0]


def test_the_entries_of_a_batch_do_not_refer_to_each_other(service: Service) -> None:
    full_url = "urn:uuid:7c6c3a2e-6b2f-4c3e-9a51-3f7f2d0c9b11"
    answer = service.request(
        "POST",
        "",
        bundle(
            "batch",
            entry("POST", "Patient", patient(), fullUrl=full_url),
            entry("POST", "Observation", observation(full_url)),
        ),
    )
    status = [each["response"]["status"][:3] for each in answer.json()["entry"]]
    assert status[0] == "201"
    assert status[1] in {"400", "422"}


def test_an_empty_batch_is_answered(service: Service) -> None:
    answer = service.request("POST", "", {"resourceType": "Bundle", "type": "batch"})
    assert answer.status_code == 200
    assert answer.json()["type"] == "batch-response"
    assert "entry" not in answer.json()
