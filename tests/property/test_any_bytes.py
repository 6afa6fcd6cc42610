"""Any bytes to any address: a documented status, an OperationOutcome, and nothing written."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.client import Exchange, Headers
from tests.factories import encoded, observation, patient
from tests.service import Service

DOCUMENTED = {
    200, 201, 204, 304, 400, 404, 405, 406, 409, 410, 412, 413, 414, 415, 422, 501,
}  # fmt: skip
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "FOO"]
PATHS = [
    b"/fhir", b"/fhir/", b"/fhir/metadata", b"/fhir/Patient", b"/fhir/Patient/_search",
    b"/fhir/Patient/p1", b"/fhir/Patient/p1/_history", b"/fhir/Patient/p1/_history/1",
    b"/fhir/_history", b"/fhir/Patient/_history", b"/fhir/Assessment", b"/fhir/Assessment/a1",
    b"/fhir/Assessment/$evaluate", b"/fhir/Assessment/a1/$plan", b"/fhir/Bundle",
    b"/fhir/Observation", b"/fhir/CarePlan/c1", b"/fhir/Binary", b"/fhir/Binary/b1",
]  # fmt: skip
TYPES = [
    b"application/fhir+json", b"application/json", b"application/x-www-form-urlencoded",
    b"application/json-patch+json", b"text/plain", b"",
]  # fmt: skip
QUERIES = [
    b"_count=%ff", b"_sort=-", b"name:exact=%00", b"_id=", b"=", b"&&&", b"birthdate=gt",
    b"_lastUpdated=%E0%A4", b"_format=json&_format=xml", b"_total=accurate&_count=0", b"%=%",
]  # fmt: skip

SEEDS = [encoded(each) for each in (patient(), observation(valueInteger=1))]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid resource with a few bytes replaced, removed or doubled."""
    text = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(text) - 1))
        text[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    return bytes(text)


keys = st.sampled_from(["resourceType", "id", "entry", "name", "x"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
typed = st.builds(
    lambda kind, more: json.dumps({**more, "resourceType": kind}).encode(),
    st.sampled_from(["Patient", "Assessment", "Bundle", "Parameters", "CarePlan", "x"]),
    st.dictionaries(
        st.sampled_from(["id", "item", "entry", "type", "name", "status", "subject", "meta"]),
        json_values,
        max_size=4,
    ),
)
any_json = json_values.map(lambda each: json.dumps(each).encode())
bodies = st.one_of(st.binary(max_size=80), damaged(), any_json, typed)
paths = st.sampled_from(PATHS) | st.builds(
    lambda start, end: start + b"/" + end, st.sampled_from(PATHS), st.binary(max_size=20)
)
targets = st.builds(
    lambda path, query: path.replace(b"?", b"") + (b"?" + query if query else b""),
    paths,
    st.just(b"") | st.sampled_from(QUERIES) | st.binary(max_size=30),
)
header_values = st.binary(max_size=20).map(lambda each: each.translate(None, b"\0\r\n"))
HEADERS = [
    b"accept", b"prefer", b"if-match", b"if-none-match", b"if-none-exist", b"if-modified-since",
    b"x-request-id", b"origin", b"content-encoding",
]  # fmt: skip
headers = st.builds(
    lambda media_type, more: [*([(b"content-type", media_type)] if media_type else []), *more],
    st.sampled_from(TYPES),
    st.lists(st.tuples(st.sampled_from(HEADERS), header_values), max_size=2),
)


@dataclass(frozen=True)
class Request:
    """A request as its bytes stand."""

    method: str
    target: bytes
    headers: Headers
    body: bytes


FHIR = [(b"content-type", b"application/fhir+json")]


def newest_change(service: Service) -> Any:
    """What the system history leads with: it changes with every write but those of Assessments."""
    answers = (service.get(f"{level}?_count=1") for level in ("_history", "Assessment/_history"))
    return [answer.json().get("entry") for answer in answers]


def is_outcome(exchange: Exchange) -> bool:
    document = json.loads(exchange.content)
    return bool(document["resourceType"] == "OperationOutcome" and document["issue"])


@pytest.mark.timeout(600)
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(request=st.builds(Request, st.sampled_from(METHODS), targets, headers, bodies))
@example(Request("GET", b"/fhir/Patient/%00", [], b""))
@example(Request("POST", b"/fhir", FHIR, b'{"resourceType":"Bundle","entry":5}'))
@example(Request("PUT", b"/fhir/Patient/p1", FHIR, b'{"resourceType":["Patient"]}'))
def test_any_request_is_answered_as_documented(service: Service, request: Request) -> None:
    before = newest_change(service)
    method, target, body = request.method, request.target, request.body
    sent = [(b"host", b"runspine.test"), *request.headers]
    exchange = service.transport.send(method, target, sent, body)
    assert exchange.status in DOCUMENTED, exchange.content
    assert b"Traceback" not in exchange.content
    assert not service.transport.escaped
    if exchange.status >= 400 and method != "HEAD":
        assert is_outcome(exchange), exchange.content
    if exchange.status >= 300 or method in {"GET", "HEAD", "OPTIONS"}:
        assert newest_change(service) == before
