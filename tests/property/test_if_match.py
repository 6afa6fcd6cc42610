"""Any If-Match whatsoever: the write happens, or it is refused; nothing else."""

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.factories import encoded, patient
from tests.service import FHIR_JSON, Service

tag_like = st.from_regex(r'\s*(W/)?"?[0-9*,"W/ ]{0,12}"?\s*', fullmatch=True).map(str.encode)
any_header = st.binary(max_size=60).filter(lambda text: not {0, 10, 13} & set(text))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(header=tag_like | any_header)
@example(b"*")
@example(b'W/"1"')
@example(b"\xff")
@example(b'W/"' + b"9" * 50 + b'"')
@example('W/"\u0661"'.encode())
def test_any_if_match_is_judged_and_never_a_crash(service: Service, header: bytes) -> None:
    stored = service.create(patient(gender="female"))
    path = f"Patient/{stored['id']}"
    exchange = service.transport.send(
        "PUT",
        f"/fhir/{path}".encode(),
        [(b"host", b"runspine.test"), (b"content-type", FHIR_JSON.encode()), (b"if-match", header)],
        encoded(stored | {"gender": "male"}),
    )
    assert exchange.status in {200, 400, 412}, exchange.content
    gender = service.get(path).json()["gender"]
    assert gender == ("male" if exchange.status == 200 else "female")
    tags = header.replace(b" ", b"").replace(b"\t", b"")
    if exchange.status == 200:
        assert b'"1"' in tags or tags in {b"*", b""}
