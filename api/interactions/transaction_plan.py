"""What a transaction will write: identities, preconditions and links settled under its locks.

https://hl7.org/fhir/R4/http.html#trules
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from api.fhir.outcome import Failure, FailureKind, Issue
from api.interactions import create, delete, patch, update
from api.interactions.bundle_entries import Entry, in_entry
from api.interactions.context import Context, InteractionRequest, served_type
from api.interactions.matching import Matching
from api.interactions.performing import READINGS
from api.interactions.proposal import Key, Proposal, check_body_id, received
from api.interactions.transaction_links import TransactionLinks
from api.store.session import Transaction
from api.store.version import Change, StoredVersion

ORDER = ("delete", "create", "update", "patch")


class TransactionPlan:
    """Collects the proposals of all entries, in the order that the specification gives."""

    def __init__(self, entries: list[Entry], context: Context) -> None:
        """Sort the entries by what they do; refuse what a transaction cannot hold."""
        self.context = context
        self.proposals: dict[int, list[Proposal]] = {}
        self.reads = [entry for entry in entries if entry.request.interaction in READINGS]
        self.writes = [
            entry
            for interaction in ORDER
            for entry in entries
            if entry.request.interaction == interaction
        ]
        for entry in entries:
            if entry.request.interaction not in {*READINGS, *ORDER}:
                raise _refused(entry, f"A transaction cannot hold {entry.request.interaction}.")
        _refuse_shared_urls(entries)

    @property
    def changes(self) -> list[Change]:
        """The writes in order."""
        return [
            proposal.change
            for entry in self.writes
            for proposal in self.proposals[entry.index]
            if proposal.change is not None
        ]

    @property
    def match_keys(self) -> dict[Key, str]:
        """The unique keys of the conditional creates among the writes."""
        keys: dict[Key, str] = {}
        for proposals in self.proposals.values():
            for proposal in proposals:
                keys.update(proposal.match_keys)
        return keys

    def settle(self, store: Transaction) -> None:
        """Lock, check preconditions, choose ids, and put every resource in its final form.

        Raises Failure naming the entry; nothing is written then.
        """
        self._lock_matches(store)
        stored = self._lock_named(store)
        for entry in self.writes:
            with in_entry(entry):
                self.proposals[entry.index] = self._propose(store, entry, stored)
        self._refuse_shared_identities()
        links = TransactionLinks(store, self.context)
        for entry in self.writes:
            if entry.request.interaction != "delete":
                links.add(entry.full_url, self.proposals[entry.index][0].key)
        for entry in self.writes:
            for proposal in self.proposals[entry.index]:
                if proposal.change is not None and proposal.change.resource is not None:
                    with in_entry(entry):
                        proposal.change.resource = self._received(entry, proposal.change, links)

    def _lock_matches(self, store: Transaction) -> None:
        keys = []
        for entry in self.writes:
            with in_entry(entry):
                condition = _condition(self.context, entry)
            if condition is not None:
                keys.append(condition.key)
        if len(keys) > len(set(keys)):
            raise Failure(
                FailureKind.INVALID,
                Issue("invalid", "Two entries have the same criteria.", ("Bundle.entry",)),
            )
        if keys:
            store.lock_matches(keys)

    def _lock_named(self, store: Transaction) -> dict[Key, StoredVersion]:
        named = {
            (entry.request.resource_type, entry.request.resource_id)
            for entry in self.writes
            if entry.request.resource_id
        }
        return store.read_for_update(sorted(named)) if named else {}

    def _propose(
        self, store: Transaction, entry: Entry, stored: dict[Key, StoredVersion]
    ) -> list[Proposal]:
        request = entry.request
        served_type(request.resource_type)
        key = (request.resource_type, request.resource_id)
        if request.interaction == "create":
            return [create.propose(store, self.context, request)]
        if request.resource_id:
            return [_propose_named(request, key, stored.get(key))]
        if request.interaction == "delete":
            return delete.propose_matches(store, self.context, request)
        if request.interaction == "patch":
            return [patch.propose(store, self.context, request)]
        body_id = (request.resource or {}).get("id")
        return [update.propose_match(store, self.context, request, body_id)]

    def _refuse_shared_identities(self) -> None:
        seen: dict[Key, int] = {}
        for entry in self.writes:
            for proposal in self.proposals[entry.index]:
                if proposal.key in seen:
                    raise _refused(
                        entry,
                        f"Entries {seen[proposal.key]} and {entry.index} are about the same "
                        "resource; a transaction may name each once.",
                    )
                seen[proposal.key] = entry.index

    def _received(self, entry: Entry, change: Change, links: TransactionLinks) -> dict[str, Any]:
        raw = entry.request.resource
        if entry.request.interaction == "patch":
            raw = patch.patched(patch.read_patch(entry.request), change.previous)
        rewritten = links.rewritten(raw) if raw is not None else None
        resource = received(self.context, replace(entry.request, resource=rewritten))
        if entry.request.interaction == "update" and entry.request.resource_id:
            check_body_id(resource, entry.request)
        if self.context.refuse_dangling:
            links.refuse_unresolved(resource)
        return resource


def _propose_named(
    request: InteractionRequest, key: Key, previous: StoredVersion | None
) -> Proposal:
    if request.interaction == "delete":
        return delete.propose(request, previous)
    if request.interaction == "patch":
        return patch.propose_known(request, key, previous)
    return Proposal(key, update.propose(request, previous))


def _condition(context: Context, entry: Entry) -> Matching | None:
    request = entry.request
    if request.interaction == "create":
        return create.none_exist(context, request)
    if request.resource_id:
        return None
    if request.interaction == "delete":
        return delete.delete_condition(context, request)
    if request.interaction == "patch":
        return patch.patch_condition(context, request)
    return update.update_condition(context, request)


def _refuse_shared_urls(entries: list[Entry]) -> None:
    times = Counter(entry.full_url for entry in entries if entry.full_url)
    for entry in entries:
        if times[entry.full_url] > 1:
            raise _refused(entry, "Two entries have the same fullUrl.")


def _refused(entry: Entry, sentence: str) -> Failure:
    return Failure(FailureKind.INVALID, Issue("invalid", sentence, (entry.path,)))
