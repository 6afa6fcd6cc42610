"""Chains and `_has`: https://hl7.org/fhir/R4/search.html#chaining and #has."""

from typing import NamedTuple

import pytest

from tests.factories import LOINC, concept, encounter, observation, patient, unique_name
from tests.service import Service


class Records(NamedTuple):
    """An organization, two of its patients and one of nobody's, and what was seen of each."""

    run: str
    references: dict[str, str]

    def named(self, *names: str) -> set[str]:
        return {self.references[name] for name in names}


@pytest.fixture
def records(service: Service) -> Records:
    run = unique_name("chain")
    references: dict[str, str] = {}

    def create(name: str, resource: dict[str, object]) -> str:
        stored = service.create(resource)
        references[name] = f"{stored['resourceType']}/{stored['id']}"
        return references[name]

    organization = create("clinic", {"resourceType": "Organization", "name": f"Clinic {run}"})
    part = {"resourceType": "Organization", "name": f"Ward {run}"}
    ward = create("ward", part | {"partOf": {"reference": organization}})
    for name, place in (("smith", ward), ("young", organization), ("adams", None)):
        owner = {"managingOrganization": {"reference": place}} if place else {}
        who = create(
            name, patient(name=[{"family": f"{name}{run}"}], identifier=[{"value": run}], **owner)
        )
        visit = create(f"visit of {name}", encounter(who))
        seen = observation(
            who, code=concept(LOINC, f"{name}-{run}"), encounter={"reference": visit}
        )
        create(f"seen of {name}", seen)
    group = {
        "resourceType": "Group",
        "type": "person",
        "actual": True,
        "code": concept(LOINC, run),
        "member": [{"entity": {"reference": references["smith"]}}],
    }
    create("group", group)
    return Records(run, references)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("patient.family=smith{run}", ["seen of smith"]),
        ("subject:Patient.family=smith{run}", ["seen of smith"]),
        ("subject:Patient.family=smith{run},young{run}", ["seen of smith", "seen of young"]),
        ("subject.name=young{run}", ["seen of young"]),
        ("patient.organization.name=Ward {run}", ["seen of smith"]),
        ("subject:Patient.organization.partof.name=Clinic {run}", ["seen of smith"]),
        ("encounter.patient.organization:Organization.name=Clinic {run}", ["seen of young"]),
        ("patient.identifier={run}&patient.organization:missing=true", ["seen of adams"]),
        ("patient.family=smith{run}&patient.gender:not=male", ["seen of smith"]),
        ("patient.family=smith{run}&patient.gender=male", []),
        (
            "patient.identifier={run}&code:not=" + LOINC + "|adams-{run}",
            ["seen of smith", "seen of young"],
        ),
        ("patient._has:Group:member:code={run}", ["seen of smith"]),
        ("subject:Group.identifier={run}", []),
    ],
)
def test_chains_go_to_any_depth(
    service: Service, records: Records, query: str, names: list[str]
) -> None:
    found = service.found("Observation?" + query.format(run=records.run))
    assert set(found) == records.named(*names)
    assert len(found) == len(names)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_has:Observation:patient:code=smith-{run}", ["smith"]),
        ("_has:Observation:patient:code=smith-{run},young-{run}", ["smith", "young"]),
        (
            "identifier={run}&_has:Encounter:patient:status=planned,finished",
            ["smith", "young", "adams"],
        ),
        ("_has:Group:member:code={run}", ["smith"]),
        ("_has:Encounter:patient:_has:Observation:encounter:code=young-{run}", ["young"]),
        ("_has:Observation:patient:encounter.patient.family=adams{run}", ["adams"]),
        ("identifier={run}&organization._has:Organization:partof:name=Ward {run}", ["young"]),
        ("identifier={run}&_has:Observation:patient:code=nobody", []),
        (
            "identifier={run}&_sort=-family&_has:Observation:patient:code:missing=false",
            ["smith", "young", "adams"],
        ),
    ],
)
def test_has_asks_of_what_refers_to_a_resource(
    service: Service, records: Records, query: str, names: list[str]
) -> None:
    found = service.found("Patient?" + query.format(run=records.run))
    assert set(found) == records.named(*names)
    assert len(found) == len(names)


def test_a_chain_ends_at_a_deleted_resource(service: Service) -> None:
    """A reference may outlive its target where `--references allow` is set, and leads nowhere."""
    run = unique_name("gone")
    who = service.create(patient(name=[{"family": run}]))
    reference = f"Patient/{who['id']}"
    service.create(observation(reference))
    assert service.found(f"Observation?patient.family={run}")
    seen = service.found(f"Observation?patient={reference}")[0]
    assert service.request("DELETE", seen).status_code in {200, 204}
    assert service.request("DELETE", reference).status_code in {200, 204}
    assert service.found(f"Observation?patient.family={run}") == []
    assert service.found(f"Patient?family={run}&_has:Observation:patient:_id:missing=false") == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Observation?patient.nmae=x", ["Patient", "'name'"]),
        ("Observation?subject.nonsense=x", ["None of", "subject"]),
        ("Observation?code.name=x", ["token", "references"]),
        ("Observation?subject:Nonsense.name=x", [":Nonsense", ":Patient"]),
        ("Observation?subject:Practitioner.name=x", [":Practitioner"]),
        ("Provenance?target:identifier.x=1", ["target:"]),
        ("Patient?_has:Observation:patient=x", ["_has:Observation:patient:code"]),
        ("Patient?_has:Observatin:patient:code=x", ["Did you mean Observation"]),
        ("Patient?_has:Observation:pateint:code=x", ["'patient'"]),
        ("Patient?_has:Observation:encounter:code=x", ["does not refer to Patient"]),
        ("Patient?_has=x", ["_has:Observation:patient:code"]),
        ("Patient?" + "link:Patient." * 11 + "name=x", ["at most 10 references", "two steps"]),
    ],
)
def test_what_a_chain_cannot_be_is_taught(service: Service, query: str, words: list[str]) -> None:
    answer = service.get(query)
    assert answer.status_code == 400
    said = answer.json()["issue"][0]["diagnostics"]
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("organization:below={clinic}", ["smith", "young"]),
        ("organization:below={ward}", ["smith"]),
        ("organization:above={ward}", ["smith", "young"]),
        ("organization:above={clinic}", ["young"]),
    ],
)
def test_hierarchies_are_followed_up_and_down(
    service: Service, records: Records, query: str, names: list[str]
) -> None:
    query = query.format(**records.references)
    found = service.found(f"Patient?identifier={records.run}&{query}")
    assert set(found) == records.named(*names)


def test_a_list_chooses_its_members(service: Service, records: Records) -> None:
    entries = [{"item": {"reference": records.references["smith"]}}]
    kept = service.create(
        {"resourceType": "List", "status": "current", "mode": "working", "entry": entries}
    )
    assert set(service.found(f"Patient?_list={kept['id']}")) == records.named("smith")
    assert service.found(f"Encounter?_list={kept['id']}") == []
    refused = service.get("Condition?_list=$current-problems")
    assert refused.status_code == 400
    assert "clinical-status" in refused.text
