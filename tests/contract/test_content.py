"""Content negotiation: https://hl7.org/fhir/R4/http.html#mime-type"""

import gzip

import pytest

from tests.factories import encoded, patient, unique_name
from tests.service import FHIR_JSON, Service

PATIENT = encoded(patient())


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+json", "application/json", "*/*", "application/*", "",
        "application/fhir+json;charset=UTF-8", "application/fhir+json; fhirVersion=4.0",
        "application/xml;q=0.9, application/json;q=0.1", "APPLICATION/FHIR+JSON",
        "application/fhir+xml, application/fhir+json",
    ],
)  # fmt: skip
def test_json_is_answered_to_who_accepts_it(service: Service, accept: str) -> None:
    answer = service.get("metadata", Accept=accept)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+xml", "application/xml", "text/turtle", "image/png",
        "application/fhir+json;q=0, application/xml", "application/fhir+json;q=0",
        "application/fhir+json; fhirVersion=5.0",
    ],
)  # fmt: skip
def test_other_formats_are_not_acceptable_and_the_answer_says_so(
    service: Service, accept: str
) -> None:
    answer = service.get("metadata", Accept=accept)
    assert answer.status_code == 406
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.json()["issue"][0]["expression"] == ["http.Accept"]


@pytest.mark.parametrize("accept", ["garbage", ";;;", "a/b/c", "application/fhir+json;q=x", ","])
def test_a_garbled_accept_is_no_crash(service: Service, accept: str) -> None:
    answer = service.get("metadata", Accept=accept)
    assert answer.status_code in {200, 400, 406}


@pytest.mark.parametrize(
    ("chosen", "status"),
    [
        ("json", 200), ("application/json", 200), ("application/fhir%2Bjson", 200),
        ("application/fhir+json", 200), ("text/json", 200), ("xml", 406),
        ("application/fhir%2Bxml", 406), ("ttl", 406), ("../../x", 406), ("", 406),
    ],
)  # fmt: skip
def test_the_format_parameter_overrides_accept(service: Service, chosen: str, status: int) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}?_format={chosen}"
    answer = service.get(path, Accept="application/fhir+xml")
    assert answer.status_code in {status, 400} if status != 200 else answer.status_code == 200
    query = f"Patient?_id={stored['id']}&_format={chosen}"
    assert service.get(query, Accept="application/fhir+xml").status_code == answer.status_code


def test_pretty_is_for_people_and_changes_no_digit(service: Service) -> None:
    stored = service.create(patient())
    answer = service.get(f"Patient/{stored['id']}?_pretty=true")
    assert answer.status_code == 200
    assert answer.json() == stored


@pytest.mark.parametrize(
    "media_type",
    [
        "application/fhir+json", "application/json", "application/fhir+json; charset=utf-8",
        "application/fhir+json;charset=UTF8", 'application/fhir+json; charset="utf-8"',
        "application/fhir+json; fhirVersion=4.0", "Application/FHIR+JSON",
    ],
)  # fmt: skip
def test_json_is_read_in_any_spelling(service: Service, media_type: str) -> None:
    answer = service.request("POST", "Patient", PATIENT, Content_Type=media_type)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain", "application/fhir+xml", "application/xml", "text/xml", "garbage",
        "application/x-www-form-urlencoded", "multipart/form-data", "application/octet-stream",
        "application/fhir+json; charset=latin1", "application/fhir+json; charset=utf-16",
        "application/fhir+json; fhirVersion=5.0", "application/merge-patch+json",
    ],
)  # fmt: skip
def test_other_bodies_are_not_read(service: Service, media_type: str) -> None:
    for method, path in (("POST", "Patient"), ("PUT", f"Patient/{unique_name()}"), ("POST", "")):
        answer = service.request(method, path, PATIENT, Content_Type=media_type)
        assert answer.status_code == 415, (method, answer.text)
        assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_body_without_a_type_is_not_guessed(service: Service) -> None:
    headers = [(b"host", b"runspine.test"), (b"content-length", str(len(PATIENT)).encode())]
    exchange = service.transport.send("POST", b"/fhir/Patient", headers, PATIENT)
    assert exchange.status in {201, 415}


def test_two_content_types_are_refused(service: Service) -> None:
    headers = [
        (b"host", b"runspine.test"),
        (b"content-type", FHIR_JSON.encode()),
        (b"content-type", b"text/plain"),
    ]
    exchange = service.transport.send("POST", b"/fhir/Patient", headers, PATIENT)
    assert exchange.status in {400, 415}


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "x"])
def test_a_compressed_body_is_refused(service: Service, encoding: str) -> None:
    packed = gzip.compress(PATIENT)
    answer = service.request("POST", "Patient", packed, Content_Encoding=encoding)
    assert answer.status_code == 415
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_the_method_cannot_be_overridden_by_a_header(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    service.get(f"{path}?_pretty=true", X_HTTP_Method_Override="DELETE")
    assert service.get(path).status_code == 200
    assert service.get(f"{path}?_method=DELETE").status_code in {200, 400}
    assert service.get(path).status_code == 200
