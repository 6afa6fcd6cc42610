"""`_include` and `_revinclude`: https://hl7.org/fhir/R4/search.html#revinclude"""

from typing import Any, NamedTuple

import pytest

from tests.factories import LOINC, concept, encounter, observation, patient, unique_name
from tests.service import Service


class Records(NamedTuple):
    """Two patients of one organization that is part of another, each seen at a visit."""

    code: str
    references: dict[str, str]

    def named(self, *names: str) -> set[str]:
        return {self.references[name] for name in names}


@pytest.fixture
def records(service: Service) -> Records:
    run = unique_name("inc")
    found: dict[str, str] = {}

    def create(name: str, resource: dict[str, Any]) -> str:
        stored = service.create(resource)
        found[name] = f"{stored['resourceType']}/{stored['id']}"
        return found[name]

    create("clinic", {"resourceType": "Organization", "name": run})
    part = {"resourceType": "Organization", "name": run, "partOf": {"reference": found["clinic"]}}
    create("ward", part)
    for name in ("ann", "bea"):
        create(
            name, patient(managingOrganization={"reference": found["ward"]}, name=[{"family": run}])
        )
        create(f"visit of {name}", encounter(found[name]))
        create(
            f"seen of {name}",
            observation(
                found[name],
                code=concept(LOINC, run),
                encounter={"reference": found[f"visit of {name}"]},
            ),
        )
    return Records(run, found)


def entries(service: Service, query: str, mode: str) -> list[str]:
    page = service.get(query).json()
    return [
        f"{each['resource']['resourceType']}/{each['resource']['id']}"
        for each in page.get("entry", ())
        if each["search"]["mode"] == mode
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_include=Observation:subject", ["ann", "bea"]),
        ("_include=Observation:subject:Patient", ["ann", "bea"]),
        ("_include=Observation:subject:Group", []),
        ("_include=Observation:subject&_include=Observation:patient", ["ann", "bea"]),
        ("_include=Observation:*", ["ann", "bea", "visit of ann", "visit of bea"]),
        ("_include=*", ["ann", "bea", "visit of ann", "visit of bea"]),
        (
            "_include=Observation:patient&_include:iterate=Patient:organization",
            ["ann", "bea", "ward"],
        ),
        (
            (
                "_include=Observation:patient&_include:recurse=Patient:organization"
                "&_include:iterate=Organization:partof"
            ),
            ["ann", "bea", "ward", "clinic"],
        ),
        (
            "_include=Observation:patient,Observation:encounter&_count=20",
            ["ann", "bea", "visit of ann", "visit of bea"],
        ),
    ],
)
def test_what_matches_refer_to_comes_along_once(
    service: Service, records: Records, query: str, names: list[str]
) -> None:
    query = f"Observation?code={LOINC}|{records.code}&{query}"
    found = entries(service, query, "include")
    assert set(found) == records.named(*names)
    assert len(found) == len(names)
    assert set(entries(service, query, "match")) == records.named("seen of ann", "seen of bea")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_revinclude=Observation:subject", ["seen of ann", "seen of bea"]),
        ("_revinclude=Observation:subject:Patient", ["seen of ann", "seen of bea"]),
        ("_revinclude=Encounter:patient", ["visit of ann", "visit of bea"]),
        ("_revinclude=Encounter:*", ["visit of ann", "visit of bea"]),
        ("_revinclude=*", ["visit of ann", "visit of bea", "seen of ann", "seen of bea"]),
        ("_revinclude=Condition:patient", []),
        (
            "_include=Patient:organization&_revinclude=Encounter:patient",
            ["visit of ann", "visit of bea", "ward"],
        ),
    ],
)
def test_what_refers_to_matches_comes_along_once(
    service: Service, records: Records, query: str, names: list[str]
) -> None:
    query = f"Patient?family={records.code}&{query}"
    found = entries(service, query, "include")
    assert set(found) == records.named(*names)
    assert len(found) == len(names)


def test_a_resource_that_matches_is_no_include_too(service: Service) -> None:
    run = unique_name("self")
    whole = service.create({"resourceType": "Organization", "name": run})
    service.create(
        {
            "resourceType": "Organization",
            "name": run,
            "partOf": {"reference": f"Organization/{whole['id']}"},
        }
    )
    query = f"Organization?name={run}&_include:iterate=Organization:partof&_revinclude:iterate=*"
    assert len(entries(service, query, "match")) == 2
    assert entries(service, query, "include") == []


def test_includes_follow_the_matches_of_their_page(service: Service, records: Records) -> None:
    query = f"Observation?code={LOINC}|{records.code}&_include=Observation:subject&_count=1"
    page = service.get(query).json()
    links = {each["relation"]: each["url"] for each in page["link"]}
    assert len(page["entry"]) == 2
    assert {page["entry"][1]["resource"]["id"]} == {records.references["ann"].partition("/")[2]}
    second = service.get(links["next"]).json()
    assert [each["search"]["mode"] for each in second["entry"]] == ["match", "include"]
    assert "total" not in page


def test_an_include_says_which_match_and_parameter_brought_it(
    service: Service, records: Records
) -> None:
    query = (
        f"Patient?_id={records.references['ann'].partition('/')[2]}&_revinclude=Encounter:patient"
    )
    page = service.get(query).json()
    (brought,) = page["entry"][1]["search"]["extension"]
    assert brought["url"].endswith("/StructureDefinition/included-by")
    told = {each["url"]: each for each in brought["extension"]}
    assert told["match"]["valueUri"] == records.references["ann"]
    assert told["parameter"]["valueString"] == "Encounter:patient"


def test_canonical_references_are_followed(service: Service) -> None:
    url = f"http://example.org/Questionnaire/{unique_name()}"
    form = service.create({"resourceType": "Questionnaire", "status": "active", "url": url})
    filled = service.create(
        {
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "questionnaire": f"{url}|1.0",
        }
    )
    query = (
        f"QuestionnaireResponse?questionnaire={url}&_include=QuestionnaireResponse:questionnaire"
    )
    assert entries(service, query, "include") == [f"Questionnaire/{form['id']}"]
    query = f"Questionnaire?url={url}&_revinclude=QuestionnaireResponse:questionnaire"
    assert entries(service, query, "include") == [f"QuestionnaireResponse/{filled['id']}"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("_include=Observation:subjct", "'subject'"),
        ("_include=Observatin:subject", "Observation"),
        ("_include=Observation:code", "no reference parameter"),
        ("_include=Observation", "Observation:subject"),
        ("_include=Observation:patient:Group", "refers to Patient"),
        ("_include:always=Observation:subject", ":iterate"),
        ("_summary=text&_include=Observation:subject", "_summary=text"),
    ],
)
def test_an_include_that_means_nothing_is_refused(service: Service, query: str, words: str) -> None:
    answer = service.get(f"Observation?{query}")
    assert answer.status_code == 400
    assert words in answer.json()["issue"][0]["diagnostics"]
