"""read, vread: https://hl7.org/fhir/R4/http.html#read"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from tests.factories import Digits, observation, patient, unique_name
from tests.service import FHIR_JSON, Service


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_read_gives_the_resource_with_its_version_in_the_headers(service: Service) -> None:
    stored = service.create(patient(birthDate="1990-02"))
    answer = service.get(f"Patient/{stored['id']}")
    assert answer.status_code == 200
    assert answer.json() == stored
    assert stored["meta"]["versionId"] == "1"
    assert answer.headers["etag"] == 'W/"1"'
    updated = instant(stored["meta"]["lastUpdated"])
    assert parsedate_to_datetime(answer.headers["last-modified"]) == updated.replace(microsecond=0)
    assert answer.headers["last-modified"].endswith(" GMT")
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"


def test_decimals_and_instants_come_back_in_their_own_digits(service: Service) -> None:
    written = observation(
        valueQuantity={"value": Digits("4.10"), "unit": "kg"},
        effectiveDateTime="2026-03-02T13:10:00.500+11:00",
        component=[
            {"code": {"text": text}, "valueQuantity": {"value": Digits(text)}}
            for text in ("1.0", "100", "1e2", "0.010", "-0.0", "1E-7", "12345678901234567.123")
        ],
    )
    answer = service.request("POST", "Observation", written)
    assert answer.status_code == 201, answer.text
    text = service.get(f"Observation/{answer.json()['id']}").text
    for digits in ("4.10", "1.0", "100", "1e2", "0.010", "-0.0", "1E-7", "12345678901234567.123"):
        assert f'"value":{digits},' in text or f'"value":{digits}}}' in text, digits
    assert '"2026-03-02T13:10:00.500+11:00"' in text


def test_the_sibling_of_a_primitive_is_kept(service: Service) -> None:
    reason = {"extension": [{"url": "http://example.org/why", "valueCode": "unknown"}]}
    stored = service.create(patient(_birthDate=reason))
    assert service.get(f"Patient/{stored['id']}").json()["_birthDate"] == reason


def test_an_id_that_never_existed_is_not_found(service: Service) -> None:
    answer = service.get(f"Patient/{unique_name()}")
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.json()["issue"][0]["code"] == "not-found"


def test_read_of_a_deleted_resource_is_gone(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    assert service.request("DELETE", path).status_code in {200, 204}
    answer = service.get(path)
    assert answer.status_code == 410
    assert answer.json()["issue"][0]["code"] == "deleted"
    assert answer.headers["etag"] == 'W/"2"'


@pytest.mark.parametrize("tag", ['W/"1"', '"1"', 'W/"7", W/"1"', "*"])
def test_if_none_match_of_the_current_version_is_not_modified(service: Service, tag: str) -> None:
    stored = service.create(patient())
    answer = service.get(f"Patient/{stored['id']}", If_None_Match=tag)
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("tag", ['W/"2"', "garbage", '"', 'W/"01"'])
def test_if_none_match_of_another_version_reads(service: Service, tag: str) -> None:
    stored = service.create(patient())
    assert service.get(f"Patient/{stored['id']}", If_None_Match=tag).status_code == 200


def test_if_modified_since_is_honoured_and_garbage_is_ignored(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    updated = instant(stored["meta"]["lastUpdated"]).astimezone(UTC)
    later = format_datetime(updated + timedelta(seconds=2), usegmt=True)
    earlier = format_datetime(updated - timedelta(seconds=2), usegmt=True)
    assert service.get(path, If_Modified_Since=later).status_code == 304
    assert service.get(path, If_Modified_Since=earlier).status_code == 200
    assert service.get(path, If_Modified_Since="yesterday").status_code == 200


def test_every_version_can_be_read_again(service: Service) -> None:
    first = service.create(patient(gender="female"))
    path = f"Patient/{first['id']}"
    assert service.put(first | {"gender": "other"}).status_code == 200
    old = service.get(f"{path}/_history/1")
    assert old.json() == first
    assert old.headers["etag"] == 'W/"1"'
    assert service.get(f"{path}/_history/2").json()["gender"] == "other"


def test_the_version_that_deleted_is_gone_and_older_ones_stay(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    service.request("DELETE", path)
    assert service.get(f"{path}/_history/1").json() == stored
    assert service.get(f"{path}/_history/2").status_code == 410


@pytest.mark.parametrize("version", ["0", "-1", "abc", "100000000000000000000", "01", "2", "1.0"])
def test_a_version_that_never_existed_is_not_found(service: Service, version: str) -> None:
    stored = service.create(patient())
    answer = service.get(f"Patient/{stored['id']}/_history/{version}")
    assert answer.status_code in {400, 404}
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_an_id_of_another_type_is_not_found(service: Service) -> None:
    stored = service.create(patient())
    assert service.get(f"Practitioner/{stored['id']}").status_code == 404


def test_an_unknown_type_is_not_found_and_the_nearest_is_named(service: Service) -> None:
    answer = service.get("Pateint/1")
    assert answer.status_code == 404
    assert "Patient" in answer.json()["issue"][0]["diagnostics"]


def test_head_is_get_without_a_body(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    read, head = service.get(path), service.request("HEAD", path)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("etag", "last-modified", "content-type", "content-length"):
        assert head.headers[name] == read.headers[name]


def test_a_deleted_id_can_be_put_again_and_counts_on(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    service.request("DELETE", path)
    answer = service.put(stored)
    assert answer.status_code == 201
    assert answer.headers["etag"] == 'W/"3"'
    assert service.get(path).status_code == 200


def test_json_is_answered_to_a_browser_like_list_of_types(service: Service) -> None:
    stored = service.create(patient())
    accept = "text/html, application/xhtml+xml, */*;q=0.8"
    answer = service.get(f"Patient/{stored['id']}", Accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(FHIR_JSON)
