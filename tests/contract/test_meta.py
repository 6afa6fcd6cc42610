"""$meta, $meta-add, $meta-delete: https://hl7.org/fhir/R4/resource-operation-meta.html"""

from typing import Any

import pytest

from tests.factories import Resource, patient, unique_name
from tests.service import Service

ROUTINE = {"system": "urn:tags", "code": "routine"}
SECRET = {"system": "urn:labels", "code": "R"}


def labels(**elements: Any) -> Resource:
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": elements}]}


def returned(answer: Any) -> Resource:
    assert answer.status_code == 200, answer.text
    (parameter,) = answer.json()["parameter"]
    assert parameter["name"] == "return"
    return dict(parameter["valueMeta"])


def test_the_meta_of_a_resource(service: Service) -> None:
    stored = service.create(patient(meta={"tag": [ROUTINE]}))
    path = f"Patient/{stored['id']}/$meta"
    assert returned(service.get(path)) == stored["meta"]
    assert returned(service.request("POST", path)) == stored["meta"]


def test_labels_are_added_once(service: Service) -> None:
    stored = service.create(patient(meta={"tag": [ROUTINE]}))
    path = f"Patient/{stored['id']}"
    added = labels(tag=[ROUTINE, {**ROUTINE, "code": "new"}], security=[SECRET], profile=["urn:p"])
    answer = service.request("POST", f"{path}/$meta-add", added)
    found = returned(answer)
    assert found["tag"] == [ROUTINE, {**ROUTINE, "code": "new"}]
    assert found["security"] == [SECRET]
    assert found["profile"] == ["urn:p"]
    assert found["versionId"] == "2"
    assert answer.headers["etag"] == 'W/"2"'
    assert returned(service.request("POST", f"{path}/$meta-add", added))["versionId"] == "2"
    assert service.get(path).json()["meta"] == found


def test_labels_are_taken_away(service: Service) -> None:
    stored = service.create(patient(meta={"tag": [{**ROUTINE, "display": "x"}]}))
    path = f"Patient/{stored['id']}"
    absent = labels(tag=[{"system": "urn:tags", "code": "absent"}])
    assert returned(service.request("POST", f"{path}/$meta-delete", absent))["versionId"] == "1"
    found = returned(service.request("POST", f"{path}/$meta-delete", labels(tag=[ROUTINE])))
    assert "tag" not in found
    assert found["versionId"] == "2"


def test_if_match_is_honoured(service: Service) -> None:
    path = f"Patient/{service.create(patient())['id']}/$meta-add"
    body = labels(tag=[ROUTINE])
    assert service.request("POST", path, body, If_Match='W/"7"').status_code == 412
    assert service.request("POST", path, body, If_Match='W/"1"').status_code == 200


@pytest.mark.parametrize("scope", ["Patient/", ""])
def test_the_labels_in_use(service: Service, scope: str) -> None:
    name = unique_name()
    tag, security = {"system": "urn:tags", "code": name}, {"system": "urn:labels", "code": name}
    meta = {"tag": [tag], "security": [security], "profile": [f"urn:profile:{name}"]}
    stored = service.create(patient(meta=meta))
    found = returned(service.get(f"{scope}$meta"))
    assert tag in found["tag"]
    assert security in found["security"]
    assert f"urn:profile:{name}" in found["profile"]
    assert "versionId" not in found
    service.request("DELETE", f"Patient/{stored['id']}")
    assert name not in service.get(f"{scope}$meta").text


def test_a_type_without_labels_has_no_meta(empty_service: Service) -> None:
    assert empty_service.get("Basic/$meta").json() == {"resourceType": "Parameters"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("$meta-add", None, 400),
        ("$meta-add", {"resourceType": "Parameters"}, 400),
        ("$meta-add", patient(), 400),
        ("$meta-add", {"resourceType": "Parameters",
                       "parameter": [{"name": "meta", "valueString": "x"}]}, 400),
        ("$meta-add", {"resourceType": "Parameters",
                       "parameter": [{"name": "other", "valueString": "x"}]}, 400),
        ("$meta?x=y", None, 400),
    ],
)  # fmt: skip
def test_what_they_do_not_take_is_refused(
    service: Service, path: str, body: Resource | None, status: int
) -> None:
    stored = service.create(patient())
    answer = service.request("POST", f"Patient/{stored['id']}/{path}", body)
    assert answer.status_code == status, answer.text
    assert service.get(f"Patient/{stored['id']}").json() == stored


def test_there_must_be_a_resource(service: Service) -> None:
    assert service.get(f"Patient/{unique_name()}/$meta").status_code == 404
    body = labels(tag=[ROUTINE])
    path = f"Patient/{unique_name()}/$meta-add"
    assert service.request("POST", path, body).status_code == 404
    assert service.request("POST", "Patient/$meta-add", body).status_code == 404
    assert service.request("GET", path).status_code == 405
    assert service.get("Patint/$meta").status_code == 404
