"""capabilities: https://hl7.org/fhir/R4/http.html#capabilities"""

import pytest

from tests.factories import Resource, minimal, patient
from tests.service import Service

FIRST_CLASS = ["Patient", "Encounter", "CarePlan"]
SEARCH_TYPES = {"string", "token", "date", "reference", "number", "quantity", "uri"}
NOT_SERVED = {
    "EffectEvidenceSynthesis", "RiskEvidenceSynthesis", "Evidence", "EvidenceVariable",
    "MedicinalProduct", "SubstanceProtein", "Assessment", "Parameters",
}  # fmt: skip


@pytest.fixture
def statement(service: Service) -> Resource:
    answer = service.get("metadata")
    assert answer.status_code == 200
    return dict(answer.json())


def rows(statement: Resource) -> dict[str, Resource]:
    return {row["type"]: row for row in statement["rest"][0]["resource"]}


def test_the_statement_is_r4(statement: Resource) -> None:
    assert statement["resourceType"] == "CapabilityStatement"
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["kind"] == "instance"
    assert statement["status"] == "active"
    assert statement["rest"][0]["mode"] == "server"
    assert "application/fhir+json" in statement["format"]
    assert statement["implementation"]["url"].endswith("/fhir")


def test_every_type_is_listed_but_those_that_have_no_model(statement: Resource) -> None:
    types = rows(statement)
    assert not NOT_SERVED & types.keys()
    assert {*FIRST_CLASS, "Practitioner", "ValueSet", "Substance", "Binary"} <= types.keys()
    assert 120 <= len(types) <= 130


@pytest.mark.parametrize("resource_type", [*FIRST_CLASS, "RiskAssessment", "ValueSet"])
def test_what_the_statement_says_is_what_the_server_does(
    service: Service, statement: Resource, resource_type: str
) -> None:
    row = rows(statement)[resource_type]
    interactions = {each["code"] for each in row["interaction"]}
    assert {
        "read", "vread", "create", "update", "delete", "history-instance", "history-type",
        "search-type",
    } <= interactions  # fmt: skip
    assert row["versioning"] in {"versioned", "versioned-update"}
    assert row["updateCreate"] is True
    assert row["readHistory"] is True
    for parameter in row["searchParam"]:
        # `:missing` is for every type but composite and special (R4 search.html#modifiers).
        if parameter["type"] in {"composite", "special"}:
            continue
        answer = service.get(f"{resource_type}?{parameter['name']}:missing=true&_count=1")
        allowed = {400} if parameter["name"] in {"_id", "_lastUpdated"} else set()
        assert answer.status_code in {200, *allowed}, (parameter, answer.text)
        assert parameter["type"] in SEARCH_TYPES


def test_the_first_class_parameters_are_listed_with_their_definition(statement: Resource) -> None:
    listed = {each["name"]: each for each in rows(statement)["Patient"]["searchParam"]}
    for code in ("identifier", "name", "family", "birthdate", "gender", "general-practitioner"):
        assert listed[code]["definition"].startswith("http://hl7.org/fhir/SearchParameter/")
    assert {"_id", "_lastUpdated"} <= listed.keys()


def test_the_assessment_is_told_of_in_an_extension(statement: Resource) -> None:
    extensions = statement["rest"][0].get("extension", []) + statement.get("extension", [])
    assert "Assessment" in str(extensions)


def test_a_type_without_a_row_is_not_served(service: Service) -> None:
    for name in sorted(NOT_SERVED - {"Assessment"}):
        assert service.get(f"{name}/1").status_code == 404


def test_the_system_interactions_are_listed(statement: Resource) -> None:
    codes = {each["code"] for each in statement["rest"][0]["interaction"]}
    assert {"transaction", "batch", "history-system"} <= codes


@pytest.mark.parametrize(
    "resource_type", ["Patient", "Encounter", "Observation", "Condition", "CarePlan", "ValueSet"]
)
def test_every_listed_type_can_be_written_and_found(service: Service, resource_type: str) -> None:
    subject = f"Patient/{service.create(patient())['id']}"
    stored = service.create(minimal(resource_type, subject))
    assert service.found(f"{resource_type}?_id={stored['id']}") == [
        f"{resource_type}/{stored['id']}"
    ]


def test_the_statement_carries_an_etag_that_spares_the_body(service: Service) -> None:
    first = service.get("metadata")
    if "etag" in first.headers:
        again = service.get("metadata", If_None_Match=first.headers["etag"])
        assert again.status_code == 304
        assert again.content == b""


@pytest.mark.parametrize("mode", ["full", "normative", "terminology", "nonsense"])
def test_a_mode_is_answered_or_refused(service: Service, mode: str) -> None:
    assert service.get(f"metadata?mode={mode}").status_code in {200, 400}


def test_health_is_told_outside_fhir(service: Service) -> None:
    assert service.client.get("/healthz").status_code == 200
    assert service.client.get("/readyz").status_code == 200
    metrics = service.client.get("/metrics")
    assert metrics.status_code == 200
    assert metrics.headers["content-type"].startswith("text/plain")
