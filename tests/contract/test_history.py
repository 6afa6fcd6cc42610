"""history: https://hl7.org/fhir/R4/http.html#history"""

import pytest

from tests.factories import Resource, patient, unique_name
from tests.service import Service


def pages(service: Service, path: str) -> list[Resource]:
    """Every entry, page after page; a page after the first may not be empty."""
    entries: list[Resource] = []
    link: str | None = path
    while link is not None:
        answer = service.get(link)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["type"] == "history"
        assert page.get("entry") or not entries, "an empty last page"
        entries += page.get("entry", [])
        link = {each["relation"]: each["url"] for each in page["link"]}.get("next")
    return entries


def test_history_is_newest_first_and_keeps_deletions(service: Service) -> None:
    stored = service.create(patient())
    path = f"Patient/{stored['id']}"
    service.put(stored | {"gender": "male"})
    service.request("DELETE", path)
    service.put(stored | {"gender": "other"})
    entries = pages(service, f"{path}/_history")
    methods = [each["request"]["method"] for each in entries]
    assert methods == ["PUT", "DELETE", "PUT", "POST"]
    assert [each["response"]["etag"] for each in entries] == [f'W/"{n}"' for n in (4, 3, 2, 1)]
    assert "resource" not in entries[1]
    assert [each["response"]["status"][:3] for each in entries] == ["201", "204", "200", "201"]
    assert all(each["fullUrl"] == f"{service.base}/{path}" for each in entries)
    assert [each["request"]["url"] for each in entries] == [path, path, path, "Patient"]
    assert entries[3]["resource"] == stored
    stamps = [each["response"]["lastModified"] for each in entries]
    assert stamps == sorted(stamps, reverse=True)
    assert len(set(stamps)) == 4


def test_history_of_what_never_existed_is_not_found(service: Service) -> None:
    assert service.get(f"Patient/{unique_name()}/_history").status_code == 404


def test_history_survives_the_deletion(service: Service) -> None:
    path = f"Patient/{service.create(patient())['id']}"
    service.request("DELETE", path)
    assert len(pages(service, f"{path}/_history")) == 2


@pytest.mark.parametrize("count", [1, 2, 3, 4, 50])
def test_history_pages_hold_every_version_once(service: Service, count: int) -> None:
    stored = service.create(patient())
    for number in range(3):
        service.put(stored | {"multipleBirthInteger": number})
    entries = pages(service, f"Patient/{stored['id']}/_history?_count={count}")
    assert [each["resource"]["meta"]["versionId"] for each in entries] == ["4", "3", "2", "1"]


def test_a_single_history_page_knows_its_total(service: Service) -> None:
    stored = service.create(patient())
    assert service.get(f"Patient/{stored['id']}/_history").json()["total"] == 1


def test_since_gives_what_changed_since(service: Service) -> None:
    stored = service.create(patient())
    second = service.put(stored | {"gender": "male"}).json()
    since = second["meta"]["lastUpdated"]
    entries = pages(service, f"Patient/{stored['id']}/_history?_since={since}")
    assert [each["resource"]["meta"]["versionId"] for each in entries] == ["2"]


def test_at_gives_the_version_that_was_current(service: Service) -> None:
    stored = service.create(patient())
    service.put(stored | {"gender": "male"})
    at = stored["meta"]["lastUpdated"]
    entries = pages(service, f"Patient/{stored['id']}/_history?_at={at}")
    assert [each["resource"]["meta"]["versionId"] for each in entries] == ["1"]


@pytest.mark.parametrize("parameter", ["_since", "_at", "_count"])
@pytest.mark.parametrize(
    "value", ["garbage", "2024-02-30", "", "-1", "1.5", "2024-13-01T00:00:00Z"]
)
def test_garbage_in_a_history_parameter_is_refused(
    service: Service, parameter: str, value: str
) -> None:
    stored = service.create(patient())
    for path in (f"Patient/{stored['id']}/_history", "Patient/_history", "_history"):
        answer = service.get(f"{path}?{parameter}={value}")
        assert answer.status_code == 400, f"{path}: {answer.text[:200]}"


def test_the_future_holds_no_history(service: Service) -> None:
    path = f"Patient/{service.create(patient())['id']}/_history?_since=2999-01-01T00:00:00Z"
    assert pages(service, path) == []


@pytest.mark.parametrize("level", ["Patient/_history", "_history"])
def test_type_and_system_history_lead_with_the_latest_change(service: Service, level: str) -> None:
    stored = service.create(patient())
    service.put(stored | {"gender": "male"})
    newest = service.get(f"{level}?_count=2").json()["entry"]
    assert [each["resource"]["id"] for each in newest] == [stored["id"]] * 2
    assert [each["response"]["etag"] for each in newest] == ['W/"2"', 'W/"1"']


def test_type_history_pages_stay_stable_while_others_write(empty_service: Service) -> None:
    made = [empty_service.create(patient())["id"] for _ in range(5)]
    page = empty_service.get("Patient/_history?_count=2").json()
    seen = [each["resource"]["id"] for each in page["entry"]]
    while link := {each["relation"]: each["url"] for each in page["link"]}.get("next"):
        empty_service.create(patient())
        page = empty_service.get(link).json()
        seen += [each["resource"]["id"] for each in page["entry"]]
    assert seen == made[::-1]


def test_system_history_leaves_assessments_out(service: Service) -> None:
    subject = service.create(patient())
    reference = {"reference": f"Patient/{subject['id']}"}
    assessment = {"resourceType": "Assessment", "status": "in-progress", "subject": reference}
    made = service.request("POST", "Assessment", assessment)
    assert made.status_code == 201, made.text
    newest = service.get("_history?_count=3").json()["entry"]
    assert all(each["resource"]["resourceType"] != "Assessment" for each in newest)
    own = service.get("Assessment/_history?_count=1").json()["entry"][0]
    assert own["resource"]["id"] == made.json()["id"]
