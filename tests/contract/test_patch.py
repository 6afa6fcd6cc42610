"""patch: https://hl7.org/fhir/R4/http.html#patch"""

import base64
import json
from typing import Any

import httpx
import pytest

from tests.factories import (
    Digits,
    Resource,
    bundle,
    encoded,
    entry,
    observation,
    patient,
    unique_name,
)
from tests.service import FHIR_JSON, Service

JSON_PATCH = "application/json-patch+json"


def json_patch(
    service: Service, path: str, *operations: Resource, **headers: str
) -> httpx.Response:
    return service.request(
        "PATCH", path, encoded(list(operations)), Content_Type=JSON_PATCH, **headers
    )


def operation(kind: str, path: str, **parts: Any) -> Resource:
    """An operation of a FHIRPath Patch; `value` is a parameter part such as valueCode."""
    value = parts.pop("value", None)
    made = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    for name, given in parts.items():
        key = "valueString" if isinstance(given, str) else "valueInteger"
        made.append({"name": name, key: given})
    if value is not None:
        made.append({"name": "value", **value})
    return {"name": "operation", "part": made}


def parameters(*operations: Resource) -> Resource:
    return {"resourceType": "Parameters", "parameter": list(operations)}


def test_a_json_patch_makes_the_next_version(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    answer = json_patch(service, path, {"op": "replace", "path": "/gender", "value": "male"})
    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"2"'
    assert answer.json()["gender"] == "male"
    history = service.get(f"{path}/_history").json()
    assert history["entry"][0]["request"]["method"] == "PATCH"


def test_a_fhirpath_patch_makes_the_next_version(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    body = parameters(
        operation("replace", "Patient.gender", value={"valueCode": "male"}),
        operation("add", "Patient", name="birthDate", value={"valueDate": "1990-01-01"}),
    )
    answer = service.request("PATCH", path, body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["gender"] == "male"
    assert service.get(path).json()["birthDate"] == "1990-01-01"


def test_digits_survive_a_patch_and_numbers_are_compared_by_value(service: Service) -> None:
    weight = {"value": Digits("70.50"), "unit": "kg"}
    stored = service.create(observation(valueQuantity=weight))
    answer = json_patch(
        service,
        f"Observation/{stored['id']}",
        {"op": "test", "path": "/valueQuantity/value", "value": Digits("70.5")},
        {"op": "add", "path": "/note", "value": [{"text": "after the run"}]},
    )
    assert answer.status_code == 200, answer.text
    assert '"value":70.50' in answer.text


def test_a_patch_that_changes_nothing_makes_no_version(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    for answer in (
        json_patch(service, path),
        json_patch(service, path, {"op": "replace", "path": "/gender", "value": "female"}),
        service.request("PATCH", path, {"resourceType": "Parameters"}),
    ):
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == 'W/"1"'
    assert service.get(path).json() == stored


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        ([{"op": "test", "path": "/gender", "value": "male"}], 422),
        ([{"op": "remove", "path": "/birthDate"}], 422),
        ([{"op": "add", "path": "/contact/0/gender", "value": "male"}], 422),
        ([{"op": "add", "path": "/name/7", "value": {"family": "X"}}], 422),
        ([{"op": "replace", "path": "", "value": {}}], 422),
        ([{"op": "replace", "path": "/id", "value": "other"}], 422),
        ([{"op": "remove", "path": "/meta/versionId"}], 422),
        ([{"op": "replace", "path": "/resourceType", "value": "Person"}], 422),
        ([{"op": "move", "from": "/name", "path": "/name/0"}], 422),
        ([{"op": "add", "path": "/contact", "value": []}], 400),
        ([{"op": "add", "path": "/dummy", "value": "x"}], 400),
        ([{"op": "merge", "path": "/gender"}], 400),
        ([{"op": "add", "path": "/gender"}], 400),
        ([{"op": "add", "path": "gender", "value": "male"}], 400),
        ([{"op": "remove"}], 400),
        (["remove"], 400),
        ([{"op": ["add"], "path": "/gender", "value": 1}], 400),
        ({"op": "remove", "path": "/gender"}, 400),
        ([{"op": "test", "path": "/gender", "value": "female"}] * 201, 413),
    ],
)
def test_a_json_patch_that_cannot_be_carried_out_changes_nothing(
    service: Service, operations: Any, status: int
) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    answer = service.request("PATCH", path, encoded(operations), Content_Type=JSON_PATCH)
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert service.get(path).json() == stored


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (parameters(operation("replace", "Patient.name", value={"valueString": "x"})), 422),
        (parameters(operation("replace", "Patient.birthDate", value={"valueDate": "1990"})), 422),
        (parameters(operation("delete", "Patient.name.given")), 422),
        (parameters(operation("delete", "Patient")), 422),
        (parameters(operation("delete", "Patient.name.where(")), 422),
        (parameters(operation("add", "Patient", name="gender", value={"valueCode": "male"})), 422),
        (parameters(operation("add", "Patient", name="dummy", value={"valueCode": "male"})), 422),
        (parameters(operation("replace", "Patient.id", value={"valueId": "other"})), 422),
        (parameters(operation("move", "Patient.name", source=0, destination=5)), 422),
        (
            parameters(operation("insert", "Patient.name", index=9, value={"part": []})),
            400,
        ),
        (parameters(operation("rotate", "Patient.name")), 400),
        (parameters(operation("replace", "Patient.name")), 400),
        (parameters({"name": "step", "valueString": "x"}), 400),
        ({"resourceType": "Patient"}, 400),
    ],
)
def test_a_fhirpath_patch_that_cannot_be_carried_out_changes_nothing(
    service: Service, body: Resource, status: int
) -> None:
    stored = service.create(patient(name=[{"family": "Okafor", "given": ["Amara", "Ada"]}]))
    path = f"Patient/{stored['id']}"
    answer = service.request("PATCH", path, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert service.get(path).json() == stored


def test_deleting_what_is_not_there_is_no_error(service: Service) -> None:
    stored = service.create(patient())
    body = parameters(operation("delete", "Patient.birthDate"))
    assert service.request("PATCH", f"Patient/{stored['id']}", body).headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("media_type", ["text/plain", "application/merge-patch+json", "text/xml"])
def test_another_format_is_refused_with_those_that_are_taken(
    service: Service, media_type: str
) -> None:
    stored = service.create(patient())
    answer = service.request("PATCH", f"Patient/{stored['id']}", b"[]", Content_Type=media_type)
    assert answer.status_code == 415
    assert JSON_PATCH in answer.headers["accept-patch"]
    assert FHIR_JSON in answer.headers["accept-patch"]


def test_a_list_in_plain_json_does_not_say_that_it_is_a_patch(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    assert service.request("PATCH", path, b"[]", Content_Type="application/json").status_code == 415


def test_if_match_is_honoured(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    change = {"op": "replace", "path": "/gender", "value": "male"}
    assert json_patch(service, path, change, If_Match='W/"2"').status_code == 412
    assert json_patch(service, path, change, If_Match='W/"1"').status_code == 200


def test_what_is_not_there_cannot_be_patched(service: Service) -> None:
    change = {"op": "replace", "path": "/gender", "value": "male"}
    assert json_patch(service, f"Patient/{unique_name()}", change).status_code == 404
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    service.request("DELETE", path)
    assert json_patch(service, path, change).status_code == 410


def test_the_result_is_checked_like_an_update(service: Service) -> None:
    stored = service.create(observation())
    path = f"Observation/{stored['id']}"
    nowhere = {"op": "add", "path": "/subject", "value": {"reference": f"Patient/{unique_name()}"}}
    answer = json_patch(service, path, nowhere)
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["Observation.subject"]
    gone = json_patch(service, path, {"op": "remove", "path": "/status"})
    assert gone.status_code in {400, 422}
    assert gone.json()["issue"][0]["expression"] == ["Observation.status"]


@pytest.mark.parametrize(("matches", "status"), [(0, 404), (1, 200), (2, 412)])
def test_a_conditional_patch_needs_one_match(service: Service, matches: int, status: int) -> None:
    name = unique_name()
    for _ in range(matches):
        service.create(patient(identifier=[{"system": "urn:patch", "value": name}]))
    change = {"op": "replace", "path": "/gender", "value": "male"}
    answer = json_patch(service, f"Patient?identifier=urn:patch|{name}", change)
    assert answer.status_code == status, answer.text
    assert len(service.found(f"Patient?identifier=urn:patch|{name}&gender=male")) == (matches == 1)


def test_a_conditional_patch_without_criteria_is_refused(service: Service) -> None:
    assert json_patch(service, "Patient").status_code == 400


def binary(*operations: Resource) -> Resource:
    data = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"resourceType": "Binary", "contentType": JSON_PATCH, "data": data}


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_both_patches_stand_in_bundles(service: Service, kind: str) -> None:
    one, other = service.create(patient()), service.create(patient())
    body = parameters(operation("replace", "Patient.gender", value={"valueCode": "male"}))
    change = {"op": "replace", "path": "/gender", "value": "male"}
    answer = service.request(
        "POST",
        "",
        bundle(
            kind,
            entry("PATCH", f"Patient/{one['id']}", binary(change), ifMatch='W/"1"'),
            entry("PATCH", f"Patient/{other['id']}", body),
        ),
    )
    assert answer.status_code == 200, answer.text
    assert [item["response"]["status"][:3] for item in answer.json()["entry"]] == ["200", "200"]
    for stored in (one, other):
        assert service.get(f"Patient/{stored['id']}").json()["gender"] == "male"


def test_a_patch_in_a_transaction_may_point_at_another_entry(service: Service) -> None:
    stored = service.create(observation())
    full_url = "urn:uuid:5a0b8a3c-4a5e-4b8e-9d6e-0c1d2e3f4a5b"
    change = {"op": "add", "path": "/subject", "value": {"reference": full_url}}
    answer = service.request(
        "POST",
        "",
        bundle(
            "transaction",
            entry("PATCH", f"Observation/{stored['id']}", binary(change)),
            entry("POST", "Patient", patient(), fullUrl=full_url),
        ),
    )
    assert answer.status_code == 200, answer.text
    subject = service.get(f"Observation/{stored['id']}").json()["subject"]["reference"]
    assert service.get(subject).status_code == 200


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (binary({"op": "test", "path": "/gender", "value": "male"}), 422),
        ({"resourceType": "Binary", "contentType": "text/plain", "data": "eA=="}, 415),
        ({"resourceType": "Binary", "contentType": JSON_PATCH, "data": "eA=="}, 400),
        (patient(), 400),
    ],
)
def test_a_patch_that_fails_fails_the_transaction(
    service: Service, resource: Resource, status: int
) -> None:
    stored = service.create(patient())
    body = bundle(
        "transaction",
        entry("POST", "Patient", patient()),
        entry("PATCH", f"Patient/{stored['id']}", resource),
    )
    answer = service.request("POST", "", body)
    assert answer.status_code == status, answer.text
    assert "entry[1]" in answer.json()["issue"][0]["expression"][0]
