"""Terminology operations: https://hl7.org/fhir/R4/terminology-service.html"""

from typing import Any

import httpx
import pytest

from tests.factories import Resource, unique_name
from tests.service import Service

GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDER = "http://hl7.org/fhir/administrative-gender"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
OURS = "https://runspine.example.org/fhir"


def parameters(**values: Any) -> Resource:
    """A Parameters body; `code__valueCode="x"` is the parameter `code` with a valueCode."""
    listed = [
        {"name": name, key: value}
        for (name, key), value in ((key.split("__"), value) for key, value in values.items())
    ]
    return {"resourceType": "Parameters", "parameter": listed}


def values(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {
        each["name"]: next(value for key, value in each.items() if key.startswith("value"))
        for each in answer.json()["parameter"]
        if "part" not in each
    }


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["code"] for each in answer.json()["expansion"].get("contains", ())]


def code_system(url: str, **elements: Any) -> Resource:
    base: Resource = {
        "url": url,
        "status": "active",
        "content": "complete",
        "hierarchyMeaning": "is-a",
        "concept": [
            {
                "code": "pain",
                "display": "Pain",
                "concept": [
                    {"code": "back", "display": "Back pain", "concept": [{"code": "low"}]},
                    {"code": "knee", "display": "Knee pain"},
                ],
            },
            {"code": "calm", "display": "Calm", "property": [
                {"code": "status", "valueCode": "retired"}]},
        ],
    }  # fmt: skip
    return {"resourceType": "CodeSystem", **base, **elements}


def value_set(include: list[Resource], **elements: Any) -> Resource:
    compose: Resource = {"include": include}
    if "exclude" in elements:
        compose["exclude"] = elements.pop("exclude")
    return {"resourceType": "ValueSet", "status": "active", "compose": compose, **elements}


def test_a_value_set_of_r4_is_expanded(service: Service) -> None:
    answer = service.get(f"ValueSet/$expand?url={GENDERS}")
    assert codes(answer) == ["male", "female", "other", "unknown"]
    found = answer.json()
    assert found["url"] == GENDERS
    assert found["expansion"]["total"] == 4
    assert found["expansion"]["contains"][0] == {
        "system": GENDER, "version": "4.0.1", "code": "male", "display": "Male",
    }  # fmt: skip
    assert found["expansion"]["timestamp"]


def test_an_expansion_is_filtered_and_paged(service: Service) -> None:
    base = f"ValueSet/$expand?url={GENDERS}"
    assert codes(service.get(f"{base}&filter=MALE")) == ["male", "female"]
    page = service.get(f"{base}&offset=1&count=2")
    assert codes(page) == ["female", "other"]
    assert page.json()["expansion"]["total"] == 4
    assert page.json()["expansion"]["offset"] == 1
    assert codes(service.get(f"{base}&count=0")) == []
    body = parameters(url__valueUri=GENDERS, filter__valueString="fem", count__valueInteger=5)
    assert codes(service.request("POST", "ValueSet/$expand", body)) == ["female"]


def test_a_value_set_selects_by_hierarchy_and_excludes(service: Service) -> None:
    url = f"urn:system:{unique_name()}"
    service.create(code_system(url))
    below = [{"system": url, "filter": [{"property": "concept", "op": "is-a", "value": "pain"}]}]
    stored = service.create(
        value_set(below, url=f"{url}:set", exclude=[{"system": url, "concept": [{"code": "low"}]}])
    )
    assert codes(service.get(f"ValueSet/{stored['id']}/$expand")) == ["pain", "back", "knee"]
    assert codes(service.get(f"ValueSet/$expand?url={url}:set")) == ["pain", "back", "knee"]
    importing = value_set([{"valueSet": [f"{url}:set"], "system": url, "filter": [
        {"property": "concept", "op": "descendent-of", "value": "pain"}]}])  # fmt: skip
    body = parameters(valueSet__resource=importing)
    assert codes(service.request("POST", "ValueSet/$expand", body)) == ["back", "knee"]


def test_only_what_is_in_use_is_given_when_asked(service: Service) -> None:
    url = f"urn:system:{unique_name()}"
    service.create(code_system(url))
    body = parameters(
        valueSet__resource=value_set([{"system": url}]), activeOnly__valueBoolean=True
    )
    assert "calm" not in codes(service.request("POST", "ValueSet/$expand", body))


def test_our_own_codes_are_held(service: Service) -> None:
    streams = service.get(f"ValueSet/$expand?url={OURS}/ValueSet/rs-stream")
    assert codes(streams) == ["mobility", "control"]
    found = values(
        service.get(f"CodeSystem/$lookup?system={OURS}/CodeSystem/rs-exercise&code=MX01")
    )
    assert found["display"] == "Half-kneeling hip-flexor stretch"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("url=http://example.org/nothing", 404, "not-found"),
        (f"url={GENDERS}&valueSetVersion=9", 404, "not-found"),
        ("url=http://hl7.org/fhir/ValueSet/body-site", 422, "not-supported"),
        ("", 400, "value"),
        (f"url={GENDERS}&url={GENDERS}", 400, "value"),
        (f"url={GENDERS}&count=-1", 400, "value"),
        (f"url={GENDERS}&activeOnly=perhaps", 400, "value"),
        (f"url={GENDERS}&context=x", 400, "not-supported"),
        ("valueSet=x", 400, "value"),
    ],
)
def test_what_cannot_be_expanded_says_why(
    service: Service, query: str, status: int, code: str
) -> None:
    answer = service.get(f"ValueSet/$expand?{query}")
    assert answer.status_code == status, answer.text
    assert answer.json()["issue"][0]["code"] == code


def test_value_sets_that_contain_each_other_are_refused(service: Service) -> None:
    name = f"urn:set:{unique_name()}"
    for one, other in (("a", "b"), ("b", "a")):
        service.create(value_set([{"valueSet": [f"{name}:{other}"]}], url=f"{name}:{one}"))
    answer = service.get(f"ValueSet/$expand?url={name}:a")
    assert answer.status_code == 422
    assert "itself" in answer.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("query", "result"),
    [
        (f"code=female&system={GENDER}", True),
        (f"code=female&system={GENDER}&display=FEMALE", True),
        (f"code=female&system={GENDER}&display=Woman", False),
        (f"code=none&system={GENDER}", False),
        ("code=female&system=urn:other", False),
        (f"code=female&system={GENDER}&systemVersion=3.0", False),
    ],
)
def test_a_code_is_looked_for_in_a_value_set(service: Service, query: str, result: bool) -> None:  # noqa: FBT001 - a table
    found = values(service.get(f"ValueSet/$validate-code?url={GENDERS}&{query}"))
    assert found["result"] is result
    assert ("message" in found) is not result


def test_a_concept_is_valid_when_one_coding_is(service: Service) -> None:
    concept = {"coding": [{"system": "urn:x", "code": "y"}, {"system": GENDER, "code": "male"}]}
    body = parameters(url__valueUri=GENDERS, codeableConcept__valueCodeableConcept=concept)
    found = values(service.request("POST", "ValueSet/$validate-code", body))
    assert found == {"result": True, "display": "Male"}


def test_a_code_is_looked_for_in_a_code_system(service: Service) -> None:
    path = "CodeSystem/$validate-code"
    assert values(service.get(f"{path}?url={GENDER}&code=male"))["result"] is True
    assert values(service.get(f"{path}?url={GENDER}&code=men"))["result"] is False
    body = parameters(url__valueUri=GENDER, coding__valueCoding={"system": "urn:x", "code": "male"})
    assert values(service.request("POST", path, body))["result"] is False
    stored = service.create(code_system(f"urn:system:{unique_name()}"))
    on_instance = service.get(f"CodeSystem/{stored['id']}/$validate-code?code=knee")
    assert values(on_instance) == {"result": True, "display": "Knee pain"}
    abstract = f"{path}?url={ACT_CODE}&code=_ActEncounterCode"
    assert values(service.get(f"{abstract}&abstract=false"))["result"] is False
    assert values(service.get(f"{abstract}&abstract=true"))["result"] is True


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"ValueSet/$validate-code?url={GENDERS}&code=male", 400),
        (f"ValueSet/$validate-code?url={GENDERS}", 400),
        (f"ValueSet/$validate-code?code=male&system={GENDER}", 400),
        ("ValueSet/$validate-code?url=urn:none&code=male&system=urn:x", 404),
        ("CodeSystem/$validate-code?url=urn:none&code=male", 404),
        ("CodeSystem/$lookup?system=urn:none&code=male", 404),
        (f"CodeSystem/$lookup?system={GENDER}&code=men", 404),
        (f"CodeSystem/$lookup?system={GENDER}&version=1&code=male", 404),
        (f"CodeSystem/$lookup?system={GENDER}", 400),
        ("CodeSystem/$lookup?code=male", 400),
        (f"CodeSystem/$subsumes?system={GENDER}&codeA=male", 400),
        (f"CodeSystem/$subsumes?system={GENDER}&codeA=male&codeB=men", 422),
        ("CodeSystem/$subsumes?codeA=male&codeB=female", 400),
        ("CodeSystem/$subsumes?system=urn:none&codeA=male&codeB=female", 404),
        ("ValueSet/$lookup?code=x", 404),
        ("ValueSet/not-there/$expand", 404),
    ],
)
def test_what_they_do_not_take_is_refused(service: Service, path: str, status: int) -> None:
    answer = service.get(path)
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_lookup_tells_what_a_code_means(service: Service) -> None:
    answer = service.get(f"CodeSystem/$lookup?system={ACT_CODE}&code=AMB")
    found = values(answer)
    assert found["display"] == "ambulatory"
    assert found["name"] == "v3.ActCode"
    properties = [each["part"] for each in answer.json()["parameter"] if "part" in each]
    assert [
        {"name": "code", "valueCode": "parent"},
        {"name": "value", "valueCode": "_ActEncounterCode"},
    ] in properties
    chosen = service.get(f"CodeSystem/$lookup?system={ACT_CODE}&code=AMB&property=definition")
    parts = [each["part"] for each in chosen.json()["parameter"] if "part" in each]
    assert [part[0]["valueCode"] for part in parts] == ["definition"]


@pytest.mark.parametrize(
    ("one", "other", "outcome"),
    [
        ("AMB", "AMB", "equivalent"),
        ("_ActEncounterCode", "AMB", "subsumes"),
        ("AMB", "_ActEncounterCode", "subsumed-by"),
        ("AMB", "EMER", "not-subsumed"),
    ],
)
def test_codes_stand_to_each_other(service: Service, one: str, other: str, outcome: str) -> None:
    path = "CodeSystem/$subsumes"
    answer = service.get(f"{path}?system={ACT_CODE}&codeA={one}&codeB={other}")
    assert values(answer) == {"outcome": outcome}
    body = parameters(
        codingA__valueCoding={"system": ACT_CODE, "code": one},
        codingB__valueCoding={"system": ACT_CODE, "code": other},
    )
    assert values(service.request("POST", path, body)) == {"outcome": outcome}


def test_a_stored_code_system_has_its_own_hierarchy(service: Service) -> None:
    stored = service.create(code_system(f"urn:system:{unique_name()}"))
    path = f"CodeSystem/{stored['id']}/$subsumes?codeA=pain&codeB=low"
    assert values(service.get(path)) == {"outcome": "subsumes"}
