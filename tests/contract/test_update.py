"""update: https://hl7.org/fhir/R4/http.html#update"""

import pytest

from tests.factories import Digits, Resource, observation, patient, unique_name
from tests.service import Service

SYSTEM = "http://example.org/run"


def test_an_update_makes_the_next_version(service: Service) -> None:
    stored = service.create(patient())
    answer = service.put(stored | {"gender": "male"})
    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"2"'
    assert answer.headers["last-modified"].endswith(" GMT")
    assert answer.json()["meta"]["versionId"] == "2"
    assert answer.json()["meta"]["lastUpdated"] > stored["meta"]["lastUpdated"]


def test_an_unknown_id_is_created_under_the_clients_own_id(service: Service) -> None:
    name = unique_name()
    answer = service.put(patient(id=name))
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{service.base}/Patient/{name}/_history/1"
    assert answer.json()["id"] == name


def test_an_update_that_changes_nothing_makes_no_version(service: Service) -> None:
    stored = service.create(patient())
    turned = dict(reversed(stored.items())) | {"meta": {"versionId": "9"}}
    answer = service.put(turned)
    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.json() == stored


def test_other_digits_of_the_same_number_are_a_change(service: Service) -> None:
    stored = service.create(observation(valueQuantity={"value": Digits("4.10"), "unit": "kg"}))
    answer = service.put(
        {**stored, "valueQuantity": {"value": Digits("4.1"), "unit": "kg"}},
    )
    assert answer.headers["etag"] == 'W/"2"'
    assert '"value":4.1,' in answer.text


def test_a_stale_if_match_changes_nothing_even_when_nothing_would_change(
    service: Service,
) -> None:
    stored = service.create(patient())
    assert service.put(stored | {"gender": "male"}).status_code == 200
    answer = service.put(stored | {"gender": "male"}, If_Match='W/"1"')
    assert answer.status_code == 412
    assert answer.headers["etag"] == 'W/"2"'
    assert service.get(f"Patient/{stored['id']}").headers["etag"] == 'W/"2"'


@pytest.mark.parametrize("tag", ['W/"1"', '"1"', "*", 'W/"7", W/"1"', 'W/"7","1"'])
def test_if_match_of_the_current_version_updates(service: Service, tag: str) -> None:
    stored = service.create(patient())
    answer = service.put(stored | {"gender": "male"}, If_Match=tag)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("tag", ["1", 'W/"1', "", "W/1", '"1', "nothing", 'W/"1" W/"2"'])
def test_a_malformed_if_match_is_refused(service: Service, tag: str) -> None:
    stored = service.create(patient())
    answer = service.put(stored | {"gender": "male"}, If_Match=tag)
    assert answer.status_code in {400, 412}, answer.text
    assert service.get(f"Patient/{stored['id']}").json() == stored


@pytest.mark.parametrize("tag", ['W/"1"', "*", 'W/"abc"'])
def test_if_match_of_a_resource_that_is_not_there_fails(service: Service, tag: str) -> None:
    name = unique_name()
    assert service.put(patient(id=name), If_Match=tag).status_code == 412
    assert service.get(f"Patient/{name}").status_code == 404


@pytest.mark.parametrize("body_id", [None, "another", 5, "", ["x"]])
def test_the_id_in_the_body_must_be_the_id_of_the_address(
    service: Service, body_id: object
) -> None:
    name = unique_name()
    resource = patient() | ({} if body_id is None else {"id": body_id})
    answer = service.request("PUT", f"Patient/{name}", resource)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "resource_id", ["a%20b", "a_b", "x" * 65, "%F0%9F%98%80", "a%25b", "a%0Ab", "a+b", "~a"]
)
def test_an_id_outside_the_rule_is_refused(service: Service, resource_id: str) -> None:
    resource = patient(id=resource_id)
    answer = service.request("PUT", f"Patient/{resource_id}", resource)
    assert answer.status_code in {400, 404}
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_subsetted_resource_is_not_written_back(service: Service) -> None:
    stored = service.create(patient())
    subsetted = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "code": "SUBSETTED",
    }
    answer = service.put({**stored, "meta": {"tag": [subsetted]}})
    assert answer.status_code in {400, 422}


def test_a_dangling_reference_is_refused_unless_references_are_allowed(
    service: Service, allowing_service: Service
) -> None:
    dangling = observation(subject=f"Patient/{unique_name()}")
    refused = service.request("POST", "Observation", dangling)
    assert refused.status_code == 422
    assert "Observation.subject" in refused.json()["issue"][0]["expression"][0]
    assert allowing_service.request("POST", "Observation", dangling).status_code == 201


def test_a_reference_to_a_deleted_resource_is_refused(service: Service) -> None:
    stored = service.create(patient())
    service.request("DELETE", f"Patient/{stored['id']}")
    answer = service.request("POST", "Observation", observation(subject=f"Patient/{stored['id']}"))
    assert answer.status_code == 422


@pytest.mark.parametrize("form", ["{base}/Patient/{id}", "Patient/{id}/_history/1"])
def test_own_absolute_and_versioned_references_are_checked(service: Service, form: str) -> None:
    stored = service.create(patient())
    alive = form.format(base=service.base, id=stored["id"])
    dead = form.format(base=service.base, id=unique_name())
    assert service.request("POST", "Observation", observation(alive)).status_code == 201
    assert service.request("POST", "Observation", observation(dead)).status_code == 422


def test_a_version_that_does_not_exist_may_not_be_referenced(service: Service) -> None:
    stored = service.create(patient())
    dead = f"Patient/{stored['id']}/_history/9"
    assert service.request("POST", "Observation", observation(dead)).status_code == 422


def test_references_to_other_servers_and_identifiers_are_taken_as_they_are(
    service: Service,
) -> None:
    foreign = observation("https://other.example.org/fhir/Patient/1")
    assert service.request("POST", "Observation", foreign).status_code == 201
    logical = observation() | {"subject": {"identifier": {"system": "urn:x", "value": "1"}}}
    assert service.request("POST", "Observation", logical).status_code == 201


def identified(name: str, **elements: object) -> Resource:
    return patient(identifier=[{"system": SYSTEM, "value": name}], **elements)


def test_a_conditional_update_creates_then_updates(service: Service) -> None:
    name = unique_name()
    path = f"Patient?identifier={SYSTEM}|{name}"
    made = service.request("PUT", path, identified(name))
    assert made.status_code == 201
    assert made.headers["location"].endswith("/_history/1")
    changed = service.request("PUT", path, identified(name, gender="male"))
    assert changed.status_code == 200
    assert changed.json()["id"] == made.json()["id"]
    assert changed.headers["etag"] == 'W/"2"'
    assert len(service.found(path)) == 1


def test_a_conditional_update_creates_under_the_id_of_the_body(service: Service) -> None:
    name = unique_name()
    path = f"Patient?identifier={SYSTEM}|{name}"
    assert service.request("PUT", path, identified(name, id=name)).json()["id"] == name


def test_a_conditional_update_of_another_id_than_the_match_is_refused(service: Service) -> None:
    name = unique_name()
    stored = service.create(identified(name))
    path = f"Patient?identifier={SYSTEM}|{name}"
    answer = service.request("PUT", path, identified(name, id=unique_name()))
    assert answer.status_code == 400
    assert service.get(f"Patient/{stored['id']}").json() == stored


def test_a_conditional_update_with_several_matches_changes_nothing(service: Service) -> None:
    name = unique_name()
    stored = [service.create(identified(name)) for _ in range(2)]
    path = f"Patient?identifier={SYSTEM}|{name}"
    answer = service.request("PUT", path, identified(name, gender="male"))
    assert answer.status_code == 412
    assert [service.get(f"Patient/{each['id']}").json() for each in stored] == stored


@pytest.mark.parametrize("query", ["", "?", "?nonsense=1", "?_count=1", "?identifier="])
def test_an_update_without_a_criterion_is_refused(service: Service, query: str) -> None:
    answer = service.request("PUT", f"Patient{query}", patient())
    assert answer.status_code in {400, 405, 412}
    assert answer.json()["resourceType"] == "OperationOutcome"
