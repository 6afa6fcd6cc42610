"""Errors: every answer from 400 on under /fhir is an OperationOutcome."""

import json

import pytest

from tests.client import Exchange
from tests.factories import encoded, patient, unique_name
from tests.service import FHIR_JSON, Service

HOST = (b"host", b"runspine.test")
ACCEPT = (b"accept", b"*/*")


def is_outcome(exchange: Exchange) -> bool:
    media_type = dict(exchange.headers).get(b"content-type", b"")
    document = json.loads(exchange.content)
    return (
        media_type.startswith(b"application/fhir+json")
        and document["resourceType"] == "OperationOutcome"
        and all(issue["severity"] and issue["code"] for issue in document["issue"])
    )


@pytest.mark.parametrize(
    "target",
    [
        b"/fhir/Nonsense", b"/fhir/Nonsense/1", b"/fhir/patient/1",
        b"/fhir//Patient", b"/fhir/Patient/%2e%2e/metadata", b"/fhir/Patient/a%2Fb",
        b"/fhir/Patient/%00", b"/fhir/Patient/%ff", b"/fhir/Patient/1/2/3", b"/fhir/Patient/1/_x",
        b"/fhir/Patient/1/_history/1/2", b"/fhir/$nonsense", b"/fhir/Patient/$nonsense",
        b"/fhir/Patient/1/$nonsense", b"/fhir/metadata/x", b"/fhir/_nonsense", b"/fhir/..",
        b"/fhir/Patient/../Patient/x", b"/fhir/Patient/\xff\xfe", b"/fhir/%F0%9F%98%80",
        b"/fhir/Patient;x=1/1", b"/fhir/Patient/1%0d%0aX-Evil:%201", b"/fhir/Patient/ 1",
    ],
)  # fmt: skip
def test_an_unknown_address_is_an_outcome_and_no_redirect(service: Service, target: bytes) -> None:
    exchange = service.transport.send("GET", target, [HOST, ACCEPT], b"")
    assert exchange.status in {400, 404}, exchange.content
    assert is_outcome(exchange)
    assert b"x-evil" not in dict(exchange.headers)


def test_a_slash_at_the_end_is_no_redirect(service: Service) -> None:
    # Clients often write the base with a slash; the same address without one is what they mean.
    exchange = service.transport.send("GET", b"/fhir/Patient/", [HOST, ACCEPT], b"")
    assert exchange.status in {200, 400, 404}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "Patient/1"), ("PUT", "metadata"), ("DELETE", "metadata"), ("PUT", ""),
        ("PATCH", "_history"), ("TRACE", "Patient"), ("PROPFIND", "Patient"), ("FOO", "Patient/1"),
        ("POST", "_history"), ("DELETE", "Patient/1/_history/1"), ("PUT", "Patient/1/_history/1"),
        ("POST", "metadata"),
    ],
)  # fmt: skip
def test_a_method_that_an_address_does_not_take_is_refused(
    service: Service, method: str, path: str
) -> None:
    answer = service.request(method, path)
    assert answer.status_code in {400, 404, 405, 501}, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    if answer.status_code == 405:
        assert "GET" in answer.headers["allow"] or "POST" in answer.headers["allow"]


def test_options_is_answered(service: Service) -> None:
    assert service.request("OPTIONS", "Patient").status_code in {200, 204, 405}


def test_a_problem_names_its_element(service: Service) -> None:
    answer = service.request("POST", "Patient", patient(gender="weiblich"))
    assert answer.status_code in {400, 422}
    issue = answer.json()["issue"][0]
    assert issue["expression"] == ["Patient.gender"]
    assert issue["severity"] == "error"
    assert issue["diagnostics"].endswith(".")


def test_every_problem_is_told_at_once(service: Service) -> None:
    answer = service.request(
        "POST", "Patient", patient(gender="weiblich", birthDate="yesterday", nonsense=1)
    )
    named = {name for issue in answer.json()["issue"] for name in issue.get("expression", ())}
    assert {"Patient.gender", "Patient.birthDate", "Patient.nonsense"} <= named


def test_what_a_patient_is_called_is_not_echoed(service: Service) -> None:
    canary = "Zanzibarquux"
    broken = encoded(patient(name=[{"family": canary, "use": canary}], birthDate=canary))
    answer = service.request("POST", "Patient", broken)
    assert answer.status_code in {400, 422}
    assert canary not in answer.text
    assert canary not in service.request("POST", "Patient", broken[:-1]).text


def test_an_answer_carries_a_request_id(service: Service) -> None:
    first, second = service.get("metadata"), service.get("metadata")
    ids = [answer.headers.get("x-request-id") for answer in (first, second)]
    assert all(ids)
    assert ids[0] != ids[1]


def test_a_very_long_address_is_refused(service: Service) -> None:
    for target in (b"/fhir/Patient?name=" + b"a" * 200_000, b"/fhir/" + b"a" * 200_000):
        exchange = service.transport.send("GET", target, [HOST, ACCEPT], b"")
        assert exchange.status in {400, 404, 413, 414}
        assert is_outcome(exchange)


def test_a_body_over_the_limit_is_refused(service: Service) -> None:
    body = b'{"resourceType":"Patient","x":"' + b"a" * 17_000_000 + b'"}'
    answer = service.request("POST", "", body)
    assert answer.status_code == 413
    assert answer.json()["issue"][0]["code"] == "too-long"


@pytest.mark.parametrize("headers", [[], [(b"host", b"evil.example")], [(b"host", b"a/b:c@d")]])
def test_a_poisoned_host_reaches_no_link(
    service: Service, headers: list[tuple[bytes, bytes]]
) -> None:
    name = unique_name()
    service.create(patient(identifier=[{"value": name}]))
    target = f"/fhir/Patient?identifier={name}".encode()
    exchange = service.transport.send("GET", target, [*headers, ACCEPT], b"")
    assert exchange.status in {200, 400}
    assert b"evil.example" not in exchange.content
    body = encoded(patient())
    typed = [*headers, (b"content-type", FHIR_JSON.encode())]
    made = service.transport.send("POST", b"/fhir/Patient", typed, body)
    location = dict(made.headers).get(b"location", service.base.encode())
    assert location.startswith(service.base.encode())


def test_security_headers_are_sent(service: Service) -> None:
    assert service.get("metadata").headers["x-content-type-options"] == "nosniff"
    stored = service.create(patient())
    cache = service.get(f"Patient/{stored['id']}").headers.get("cache-control", "")
    assert "no-store" in cache or "private" in cache or "no-cache" in cache


def test_a_foreign_origin_is_given_nothing(service: Service) -> None:
    for origin in ("https://evil.example", "null", "http://localhost.evil.example"):
        answer = service.get("metadata", Origin=origin)
        assert "access-control-allow-origin" not in answer.headers, origin


def test_no_exception_has_left_the_application(service: Service) -> None:
    assert service.transport.escaped == []
