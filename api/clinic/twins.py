"""The twins of an Assessment as changes of the same transaction.

A twin's id is uuid5 under the canonical root of `tenant|assessment|kind|key`, so it stays the same
when the Assessment is amended. A twin that says what it said gets no new version; one whose source
is gone becomes entered-in-error; deleting the Assessment deletes them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from api.clinic.canonical import Canonical
from api.clinic.end_state import EndState, content_of
from api.clinic.twin_builders import Twin
from api.fhir.outcome import Failure, FailureKind, Issue
from api.store.version import Change, ResourceKey, StoredVersion

RESOURCE_TYPES = frozenset({"Observation"})
_COPIED = ("encounter", "effectiveDateTime", "performer")


def twin_id(canonical: Canonical, tenant: int, assessment_id: str, twin: Twin) -> str:
    """Return the id of a twin, the same at every amendment."""
    return canonical.stable_id(f"{tenant}|{assessment_id}|{twin.kind}|{twin.key}")


def is_twin(resource: Mapping[str, Any] | None, canonical: Canonical) -> bool:
    """Whether a resource is a twin: it carries its own id under the twins' identifier system."""
    if resource is None or resource.get("resourceType") not in RESOURCE_TYPES:
        return False
    return any(
        identifier.get("system") == canonical.twin_system
        and identifier.get("value") == resource.get("id")
        for identifier in resource.get("identifier", ())
    )


def refuse_writes(changes: Iterable[Change], canonical: Canonical) -> None:
    """Refuse what a client writes to a twin: Failure(CONFLICT) that names the Assessment."""
    for change in changes:
        if change.resource_type not in RESOURCE_TYPES:
            continue
        stored = content_of(change.previous)
        twin = stored if is_twin(stored, canonical) else change.resource
        if twin is not None and is_twin(twin, canonical):
            source = (twin.get("focus") or [{}])[0].get("reference", "its Assessment")
            message = f"Written with {source} and read-only; change that Assessment instead."
            path = f"{change.resource_type}.identifier"
            raise Failure(FailureKind.CONFLICT, Issue("business-rule", message, (path,)))


class TwinWriter:
    """Writes the twins of Assessments into the end state of a transaction."""

    def __init__(self, state: EndState, canonical: Canonical, tenant: int) -> None:
        self._state = state
        self._canonical = canonical
        self._tenant = tenant

    def write(self, change: Change, twins: Iterable[Twin]) -> None:
        """Bring the twins of an Assessment in line; without any, those there are become errors."""
        if change.resource is None:
            self._delete(change.key)
            return
        wanted = {
            ("Observation", resource["id"]): resource
            for resource in (
                self._resource(change.resource_id, change.resource, twin) for twin in twins
            )
        }
        stored = self._stored(change, wanted)
        for key, resource in wanted.items():
            self._write_one(resource, stored.get(key))
        for key, version in stored.items():
            if key not in wanted:
                self._withdraw(version)

    def _write_one(self, resource: dict[str, Any], previous: StoredVersion | None) -> None:
        stored = content_of(previous)
        if stored is None:
            self._state.put_over(resource | {"status": "final"}, previous)
        elif _says_the_same(stored, resource):
            return
        else:
            self._state.put_over(resource | {"status": "amended"}, previous)

    def _withdraw(self, version: StoredVersion) -> None:
        stored = content_of(version)
        if stored is not None and is_twin(stored, self._canonical):
            self._state.put_over(stored | {"status": "entered-in-error"}, version)

    def _delete(self, assessment: ResourceKey) -> None:
        for version in self._state.locked(self._referrers(assessment)).values():
            if is_twin(content_of(version), self._canonical):
                self._state.delete(version)

    def _stored(
        self, change: Change, wanted: Iterable[ResourceKey]
    ) -> Mapping[ResourceKey, StoredVersion]:
        # A new Assessment has no referrers; a deleted one that comes back has twins to revive.
        before = [] if change.previous is None else self._referrers(change.key)
        return self._state.locked([*wanted, *before])

    def _referrers(self, assessment: ResourceKey) -> list[ResourceKey]:
        found = self._state.referrers(assessment)
        return [key for key in found if key[0] in RESOURCE_TYPES]

    def _resource(
        self, assessment_id: str, assessment: Mapping[str, Any], twin: Twin
    ) -> dict[str, Any]:
        resource_id = twin_id(self._canonical, self._tenant, assessment_id, twin)
        copied = {name: assessment[name] for name in _COPIED if name in assessment}
        return {
            "resourceType": "Observation",
            "id": resource_id,
            "identifier": [{"system": self._canonical.twin_system, "value": resource_id}],
            "status": "final",
            "subject": assessment["subject"],
            "focus": [{"reference": f"Assessment/{assessment_id}"}],
            **copied,
            **twin.content,
        }


def _says_the_same(stored: Mapping[str, Any], resource: Mapping[str, Any]) -> bool:
    """Whether a stored twin still stands: the same but for its status, and not withdrawn."""
    left_out = {"meta", "status"}
    return stored["status"] != "entered-in-error" and {
        name: value for name, value in stored.items() if name not in left_out
    } == {name: value for name, value in resource.items() if name not in left_out}
