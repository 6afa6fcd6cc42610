"""With a clock that ticks and ids that count every header is known beforehand."""

from tests.factories import patient
from tests.service import Service


def test_the_headers_of_a_record_s_life(exact_service: Service) -> None:
    made = exact_service.request("POST", "Patient", patient())
    base = exact_service.base
    identity = made.json()["id"]
    assert identity.startswith("id-")
    assert made.headers["location"] == f"{base}/Patient/{identity}/_history/1"
    stamp = made.json()["meta"]["lastUpdated"]
    assert stamp.startswith("2026-01-01T00:0")
    assert stamp.endswith(".000Z")
    second = stamp[17:19]
    minute = stamp[14:16]
    assert made.headers["last-modified"] == f"Thu, 01 Jan 2026 00:{minute}:{second} GMT"
    updated = exact_service.put(patient(id=identity, gender="male"))
    assert updated.headers["etag"] == 'W/"2"'
    assert updated.json()["meta"]["lastUpdated"] > stamp
    deleted = exact_service.request("DELETE", f"Patient/{identity}")
    assert deleted.headers["etag"] == 'W/"3"'


def test_a_script_gives_the_same_answers_on_both_databases(exact_service: Service) -> None:
    for family in ("Ames", "Baker", "Čapek", "dunn"):
        exact_service.create(patient(name=[{"family": family}], birthDate="1980"))
    page = exact_service.get("Patient?birthdate=1980&_sort=-family&_count=3").json()
    families = [each["resource"]["name"][0]["family"] for each in page["entry"]]
    assert families == ["dunn", "Čapek", "Baker"]
    assert [each["resource"]["id"] for each in page["entry"]] == ["id-4", "id-3", "id-2"]
