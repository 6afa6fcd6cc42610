"""A store and a clinic without a server: what a write does once it has been read and checked."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.clinic.drafting import PlanDraft, PlanRequest
from api.clinic.gate import Clinic
from api.fhir import validation
from api.fhir.lexical import parse, serialize
from api.store.session import Store
from api.store.version import Change, StoredVersion
from examples.demo.answers import flat
from tests.unit.clinic import cases

Resource = dict[str, Any]
Key = tuple[str, str]

BASE = "https://runspine.example.org/fhir"
TWO_STREAM = f"{BASE}/PlanDefinition/two-stream"


@dataclass
class Ward:
    """Writes through the clinic's gate, and looks at what is stored."""

    store: Store
    clinic: Clinic
    written: list[StoredVersion] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def patient(self) -> str:
        """Register a runner; gives the reference."""
        resource_id = f"runner-{next(self._numbers)}"
        self.put({"resourceType": "Patient", "id": resource_id})
        return f"Patient/{resource_id}"

    def put(self, *resources: Resource) -> list[Resource]:
        """Write these resources in one transaction; gives them as stored."""
        return self._change({_key(resource): resource for resource in map(sent, resources)})

    def delete(self, key: Key) -> None:
        self._change({key: None})

    def _change(self, wanted: dict[Key, Resource | None]) -> list[Resource]:
        with self.store.transaction() as transaction:
            stored = transaction.read_for_update(list(wanted))
            changes = [
                Change(*key, resource, stored.get(key), "PUT") for key, resource in wanted.items()
            ]
            expanded = self.clinic.expand(transaction, changes)
            self._check(expanded)
            self.written = transaction.write(expanded)
        return [self.read(key) for key, resource in wanted.items() if resource is not None]

    def draft(self, assessment: Resource, author: str | None = None) -> PlanDraft:
        """Ask for the plan of the stored version of an Assessment."""
        with self.store.transaction() as transaction:
            version = transaction.read(*_key(assessment))
            assert version is not None
            drafted = self.clinic.draft_plan(transaction, PlanRequest(version, None, author))
            expanded = self.clinic.expand(transaction, drafted.changes)
            self._check(expanded)
            self.written = transaction.write(expanded)
        return drafted

    def plan(self, assessment: Resource) -> Resource:
        """Draft the plan of an Assessment; gives the CarePlan as stored."""
        return self.read(("CarePlan", self.draft(assessment).resource_id))

    def read(self, key: Key) -> Resource:
        found = self.find(key)
        assert found is not None, key
        return found

    def find(self, key: Key) -> Resource | None:
        with self.store.snapshot() as snapshot:
            version = snapshot.read(*key)
        if version is None or version.content is None:
            return None
        return dict(json.loads(version.content))

    def twins(self, assessment: Resource) -> dict[str, Resource]:
        """The stored twins of an Assessment by code and side."""
        with self.store.snapshot() as snapshot:
            referrers = snapshot.referrers([_key(assessment)])
        keys = [(found.resource_type, found.resource_id) for found in referrers]
        found = [self.read(key) for key in keys if key[0] == "Observation"]
        return {_name(twin): twin for twin in found}

    def written_types(self) -> list[str]:
        return sorted({version.resource_type for version in self.written})

    @staticmethod
    def _check(changes: Sequence[Change]) -> None:
        """Everything that is written is valid FHIR, the server's own as much as a client's."""
        for change in changes:
            if change.resource is not None:
                written = parse(serialize(change.resource))
                assert validation.problems(written, change.resource_type) == []


def sent(resource: Resource) -> Resource:
    """The resource as it comes in from the wire."""
    parsed = parse(json.dumps(resource).encode())
    assert isinstance(parsed, dict)
    return parsed


def _key(resource: Resource) -> Key:
    return resource["resourceType"], resource["id"]


def _name(twin: Resource) -> str:
    code: str = twin["code"]["coding"][0]["code"]
    site = twin.get("bodySite", {}).get("coding", [{}])[0].get("code", "")
    return f"{code} {site}".strip()


def assessment(name: str, subject: str, **elements: Any) -> Resource:
    """A worked case as a completed Assessment of this subject."""
    found = next(case for case in cases.worked_cases() if case.name == name)
    return {
        "resourceType": "Assessment",
        "id": f"{subject.removeprefix('Patient/')}-{name}".replace(" ", "-"),
        "status": "completed",
        "subject": {"reference": subject},
        "effectiveDateTime": f"{found.assessed_on}T10:00:00+11:00",
        "item": flat(found.answers),
    } | elements
