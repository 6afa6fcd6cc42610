"""What will be stored when this transaction commits: what is stored, under its own changes.

The rules of the clinic are judged on the end state, because one transaction may bring a runner, an
assessment that blocks and a plan all at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.clinic.references import reference_text, search_value
from api.fhir.lexical import parse
from api.fhir.reference import local_reference
from api.fhir.resource import equal_content
from api.fhir.search_query import SearchOptions, parse_search
from api.store.session import Transaction
from api.store.version import Change, ResourceKey, StoredVersion

_PAGE = "1000"
_NEW = 2**63  # after everything that is stored


class EndState:
    """The stored resources with the changes of one transaction laid over them."""

    def __init__(
        self, transaction: Transaction, changes: Sequence[Change], options: SearchOptions
    ) -> None:
        self._transaction = transaction
        self._options = options
        self._changes: dict[ResourceKey, Change] = {change.key: change for change in changes}

    @property
    def changes(self) -> list[Change]:
        """The changes to write: the client's in their order, then the server's own."""
        return list(self._changes.values())

    def changes_of(self, resource_type: str) -> list[Change]:
        """Return the changes of one resource type."""
        return [change for change in self.changes if change.resource_type == resource_type]

    def lock_subjects(self, subjects: Iterable[str]) -> None:
        """Let nobody else decide about these runners until this transaction ends."""
        self.locked(key for text in subjects if (key := local_reference(text, "")) is not None)

    def put(self, key: ResourceKey, resource: dict[str, Any]) -> None:
        """Write a resource, on top of what this transaction already does to it."""
        if key in self._changes:
            self._changes[key].resource = resource
        else:
            self.put_over(resource, self.locked([key]).get(key))

    def put_over(self, resource: dict[str, Any], previous: StoredVersion | None) -> None:
        """Write a resource of the server whose stored version was read under lock.

        One that says what is stored already is not written: no version without a change.
        """
        key = resource["resourceType"], resource["id"]
        stored = content_of(previous)
        if stored is None or not equal_content(stored, resource):
            self._changes[key] = Change(*key, resource, previous, "PUT")

    def delete(self, previous: StoredVersion) -> None:
        """Delete a resource of the server's own."""
        key = previous.key
        self._changes[key] = Change(*key, None, previous, "DELETE")

    def locked(self, keys: Iterable[ResourceKey]) -> Mapping[ResourceKey, StoredVersion]:
        """Return the stored versions of these, locked until the transaction ends."""
        wanted = sorted(set(keys))
        return self._transaction.read_for_update(wanted) if wanted else {}

    def referrers(self, key: ResourceKey) -> list[ResourceKey]:
        """Return what refers to this resource in the store."""
        found = self._transaction.referrers([key])
        return [(referrer.resource_type, referrer.resource_id) for referrer in found]

    def read_many(self, keys: Iterable[ResourceKey]) -> dict[ResourceKey, dict[str, Any]]:
        """Return those of these resources that will exist."""
        wanted = set(keys)
        stored = self._transaction.read_many(sorted(wanted - self._changes.keys()))
        found = {key: content_of(version) for key, version in stored.items()}
        found |= {key: self._changes[key].resource for key in wanted & self._changes.keys()}
        return {key: resource for key, resource in found.items() if resource is not None}

    def of_subject(self, resource_type: str, subject: str) -> dict[ResourceKey, dict[str, Any]]:
        """Return every resource of this type that will have this subject, the oldest first."""
        found: dict[ResourceKey, tuple[int, dict[str, Any]]] = {}
        for version in self._stored_of_subject(resource_type, subject):
            content = content_of(version)
            if content is not None and version.key not in self._changes:
                found[version.key] = version.resource_key, content
        for change in self.changes_of(resource_type):
            if change.resource is not None and self.subject_of(change.resource) == subject:
                age = _NEW if change.previous is None else change.previous.resource_key
                found[change.key] = age, change.resource
        ordered = sorted(found.items(), key=lambda item: item[1][0])
        return {key: resource for key, (_, resource) in ordered}

    def subject_of(self, resource: Mapping[str, Any] | None) -> str | None:
        """Return the subject's reference, in the one form that is compared here."""
        reference = ((resource or {}).get("subject") or {}).get("reference")
        return reference_text(reference, self._options.base_url)

    def _stored_of_subject(self, resource_type: str, subject: str) -> Iterable[StoredVersion]:
        parameters = [("subject", search_value(subject)), ("_count", _PAGE)]
        query = parse_search(resource_type, parameters, self._options)
        page = self._transaction.search(query)
        yield from page.versions
        while page.next is not None:
            page = self._transaction.search(query, page.next)
            yield from page.versions


def content_of(version: StoredVersion | None) -> dict[str, Any] | None:
    """Return the resource of a version; None when there is none or it is deleted."""
    if version is None or version.content is None:
        return None
    resource = parse(version.content)
    return resource if isinstance(resource, dict) else None
