"""create and conditional create: https://hl7.org/fhir/R4/http.html#create"""

import re

import pytest

from tests.factories import patient, unique_name
from tests.service import Service

SYSTEM = "http://example.org/run"


def identified(name: str) -> dict[str, object]:
    return patient(identifier=[{"system": SYSTEM, "value": name}])


def test_a_create_names_the_version_it_made(service: Service) -> None:
    answer = service.request("POST", "Patient", patient())
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"{service.base}/Patient/{made['id']}/_history/1"
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"].endswith(" GMT")
    assert re.fullmatch(r"[A-Za-z0-9.\-]{1,64}", made["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["meta"]["lastUpdated"])


def test_the_id_and_version_of_the_client_are_replaced(service: Service) -> None:
    meta = {"versionId": "77", "lastUpdated": "1999-01-01T00:00:00Z", "tag": [{"code": "kept"}]}
    made = service.create(patient(id="mine", meta=meta))
    assert made["id"] != "mine"
    assert made["meta"]["versionId"] == "1"
    assert not made["meta"]["lastUpdated"].startswith("1999")
    assert made["meta"]["tag"] == [{"code": "kept"}]


@pytest.mark.parametrize(
    ("prefer", "resource_type"),
    [
        ("return=minimal", None),
        ("return=representation", "Patient"),
        ("return=OperationOutcome", "OperationOutcome"),
        ("return=everything", "Patient"),
        ("respond-async", "Patient"),
    ],
)
def test_the_client_chooses_what_is_returned(
    service: Service, prefer: str, resource_type: str | None
) -> None:
    answer = service.request("POST", "Patient", patient(), Prefer=prefer)
    assert answer.status_code == 201
    assert answer.headers["location"].startswith(service.base)
    if resource_type is None:
        assert answer.content == b""
    else:
        assert answer.json()["resourceType"] == resource_type


def test_a_conditional_create_makes_one_resource(service: Service) -> None:
    name = unique_name()
    condition = f"identifier={SYSTEM}|{name}"
    first = service.request("POST", "Patient", identified(name), If_None_Exist=condition)
    second = service.request("POST", "Patient", identified(name), If_None_Exist=condition)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.headers["location"] == first.headers["location"]
    assert second.json()["id"] == first.json()["id"]
    assert service.found(f"Patient?identifier={name}") == [f"Patient/{first.json()['id']}"]


def test_a_conditional_create_with_several_matches_fails(service: Service) -> None:
    name = unique_name()
    service.create(identified(name))
    service.create(identified(name))
    answer = service.request(
        "POST", "Patient", identified(name), If_None_Exist=f"identifier={SYSTEM}|{name}"
    )
    assert answer.status_code == 412
    assert answer.json()["issue"][0]["code"] == "multiple-matches"
    assert len(service.found(f"Patient?identifier={name}")) == 2


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "nonsense=1",
        "identifier",
        "_count=1",
        "identifer=x",
        "_sort=_id",
        "identifier=",
        "&",
        "?",
    ],
)
def test_a_condition_that_says_nothing_is_refused(service: Service, condition: str) -> None:
    name = unique_name()
    answer = service.request("POST", "Patient", identified(name), If_None_Exist=condition)
    assert answer.status_code in {400, 412}, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert service.found(f"Patient?identifier={name}") == []


def test_lenient_handling_does_not_soften_a_condition(service: Service) -> None:
    answer = service.request(
        "POST", "Patient", patient(), If_None_Exist="nonsense=1", Prefer="handling=lenient"
    )
    assert answer.status_code == 400


def test_the_type_of_the_body_must_be_the_type_of_the_address(service: Service) -> None:
    answer = service.request("POST", "Practitioner", patient())
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("resource_type", ["Parameters", "EffectEvidenceSynthesis", "Evidence"])
def test_types_that_are_not_stored_are_refused(service: Service, resource_type: str) -> None:
    answer = service.request("POST", resource_type, {"resourceType": resource_type})
    assert answer.status_code in {400, 404, 405}
    assert answer.json()["resourceType"] == "OperationOutcome"
