"""delete: https://hl7.org/fhir/R4/http.html#delete"""

import pytest

from tests.factories import bundle, entry, observation, patient, unique_name
from tests.service import Service


def test_a_delete_can_be_asked_again(service: Service) -> None:
    path = f"Patient/{service.create(patient())['id']}"
    first, second = service.request("DELETE", path), service.request("DELETE", path)
    assert first.status_code in {200, 204}
    assert second.status_code in {200, 204}
    assert len(service.get(f"{path}/_history").json()["entry"]) == 2


def test_a_delete_of_what_never_existed_is_no_error(service: Service) -> None:
    assert service.request("DELETE", f"Patient/{unique_name()}").status_code in {200, 204, 404}


def test_a_deleted_resource_is_not_found_by_search(service: Service) -> None:
    name = unique_name()
    stored = service.create(patient(identifier=[{"value": name}]))
    service.request("DELETE", f"Patient/{stored['id']}")
    assert service.found(f"Patient?identifier={name}") == []


def test_a_delete_with_a_stale_if_match_deletes_nothing(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    service.put(stored | {"gender": "male"})
    assert service.request("DELETE", path, If_Match='W/"1"').status_code == 412
    assert service.get(path).status_code == 200
    assert service.request("DELETE", path, If_Match='W/"2"').status_code in {200, 204}


def test_a_referenced_resource_is_not_deleted(service: Service) -> None:
    stored = service.create(patient())
    held = service.create(observation(subject=f"Patient/{stored['id']}"))
    answer = service.request("DELETE", f"Patient/{stored['id']}")
    assert answer.status_code == 409
    assert f"Observation/{held['id']}" in answer.text
    assert service.get(f"Patient/{stored['id']}").status_code == 200


def test_a_transaction_may_delete_both_ends_of_a_reference(service: Service) -> None:
    stored = service.create(patient())
    held = service.create(observation(subject=f"Patient/{stored['id']}"))
    paths = [f"Patient/{stored['id']}", f"Observation/{held['id']}"]
    together = bundle("transaction", *(entry("DELETE", path) for path in paths))
    answer = service.request("POST", "", together)
    assert answer.status_code == 200, answer.text
    assert [service.get(path).status_code for path in paths] == [410, 410]


def test_a_resource_that_refers_to_itself_can_be_deleted(service: Service) -> None:
    name = unique_name()
    linked = patient(id=name) | {
        "link": [{"type": "seealso", "other": {"reference": f"Patient/{name}"}}]
    }
    assert service.put(linked).status_code == 201
    assert service.request("DELETE", f"Patient/{name}").status_code in {200, 204}


@pytest.mark.parametrize("query", ["", "?", "?identifer=x", "?_lastUpdated=gt1900", "?_count=1"])
def test_a_delete_without_a_narrow_criterion_deletes_nothing(
    empty_service: Service, query: str
) -> None:
    stored = [empty_service.create(patient()) for _ in range(2)]
    answer = empty_service.request("DELETE", f"Patient{query}")
    assert answer.status_code in {400, 405, 412}, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert len(empty_service.found("Patient")) == len(stored)
