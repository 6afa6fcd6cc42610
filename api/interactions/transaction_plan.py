"""What a transaction will write: identities, preconditions and links settled under its locks.

https://hl7.org/fhir/R4/http.html#trules
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.references import parse_relative
from api.fhir.resource import references, rewrite_links
from api.interactions import create, delete, update
from api.interactions.bundle_entries import Entry, in_entry
from api.interactions.context import Context, served_type
from api.interactions.performing import READINGS
from api.interactions.proposal import Key, Proposal, check_body_id, received
from api.store.session import Transaction
from api.store.version import Change

ORDER = ("delete", "create", "update")


class TransactionPlan:
    """Collects the proposals of all entries, in the order that the specification gives."""

    def __init__(self, entries: list[Entry], context: Context) -> None:
        """Sort the entries by what they do; refuse what a transaction cannot hold."""
        self.context = context
        self.proposals: dict[int, Proposal] = {}
        self.links: dict[str, str] = {}
        self.reads = [entry for entry in entries if entry.request.interaction in READINGS]
        self.writes = [
            entry
            for interaction in ORDER
            for entry in entries
            if entry.request.interaction == interaction
        ]
        for entry in entries:
            if entry.request.interaction not in READINGS and entry not in self.writes:
                raise _refused(entry, f"A transaction cannot hold {entry.request.interaction}.")
        _refuse_shared_urls(entries)

    @property
    def changes(self) -> list[Change]:
        """The writes in order."""
        return [
            proposal.change
            for entry in self.writes
            if (proposal := self.proposals[entry.index]).change is not None
        ]

    @property
    def match_keys(self) -> dict[Key, str]:
        """The unique keys of the conditional creates among the writes."""
        keys: dict[Key, str] = {}
        for proposal in self.proposals.values():
            keys.update(proposal.match_keys)
        return keys

    def settle(self, store: Transaction) -> None:
        """Lock, check preconditions, choose ids, and put every resource in its final form.

        Raises Failure naming the entry; nothing is written then.
        """
        self._lock_matches(store)
        named = {
            (entry.request.resource_type, entry.request.resource_id)
            for entry in self.writes
            if entry.request.resource_id
        }
        stored = store.read_for_update(sorted(named)) if named else {}
        for entry in self.writes:
            try:
                self.proposals[entry.index] = self._propose(store, entry, stored)
            except Failure as failure:
                raise in_entry(failure, entry) from None
        self._refuse_shared_identities()
        self._collect_links()
        for entry in self.writes:
            change = self.proposals[entry.index].change
            if change is not None and change.resource is not None:
                try:
                    change.resource = self._received(store, entry)
                except Failure as failure:
                    raise in_entry(failure, entry) from None

    def _lock_matches(self, store: Transaction) -> None:
        keys = []
        for entry in self.writes:
            if entry.request.if_none_exist is not None:
                try:
                    query = create.criteria(
                        self.context, entry.request.resource_type, entry.request.if_none_exist
                    )
                except Failure as failure:
                    raise in_entry(failure, entry) from None
                keys.append(create.match_key_of(query))
        twice = [key for key, times in Counter(keys).items() if times > 1]
        if twice:
            raise Failure(
                FailureKind.INVALID,
                Issue("invalid", "Two entries have the same ifNoneExist.", ("Bundle.entry",)),
            )
        if keys:
            store.lock_matches(keys)

    def _propose(self, store: Transaction, entry: Entry, stored: dict[Key, Any]) -> Proposal:
        request = entry.request
        served_type(request.resource_type)
        key = (request.resource_type, request.resource_id)
        if request.interaction == "create":
            return create.propose(store, self.context, request)
        if request.interaction == "delete":
            return delete.propose(request, stored.get(key))
        return Proposal(key, update.propose(request, stored.get(key)))

    def _refuse_shared_identities(self) -> None:
        seen: dict[Key, int] = {}
        for entry in self.writes:
            proposal = self.proposals[entry.index]
            if proposal.key in seen:
                raise _refused(
                    entry,
                    f"Entries {seen[proposal.key]} and {entry.index} are about the same resource; "
                    "a transaction may name each once.",
                )
            seen[proposal.key] = entry.index

    def _collect_links(self) -> None:
        for entry in self.writes:
            proposal = self.proposals[entry.index]
            if not entry.full_url or entry.request.interaction == "delete":
                continue
            reference = "/".join(proposal.key)
            self.links[entry.full_url] = reference
            # A RESTful fullUrl also answers to its relative form (bundle.html#references).
            target = parse_relative(_tail(entry.full_url))
            if target is not None and target.resource_type == proposal.key[0]:
                self.links.setdefault(f"{target.resource_type}/{target.resource_id}", reference)

    def _received(self, store: Transaction, entry: Entry) -> dict[str, Any]:
        raw = entry.request.resource
        links = self.links | self._conditional_links(store, entry)
        resource = received_as(entry, rewrite_links(raw, links) if links and raw else raw)
        if entry.request.interaction == "update":
            check_body_id(resource, entry.request)
        if self.context.refuse_dangling:
            _refuse_unresolved(resource)
        return resource

    def _conditional_links(self, store: Transaction, entry: Entry) -> dict[str, str]:
        links: dict[str, str] = {}
        for path, reference in references(entry.request.resource or {}):
            text = reference.get("reference")
            if not isinstance(text, str) or "?" not in text or text in links:
                continue
            resource_type, _, condition = text.partition("?")
            served_type(resource_type)
            matches = store.search(create.criteria(self.context, resource_type, condition)).versions
            if len(matches) != 1:
                count = "no resource" if not matches else "more than one resource"
                raise Failure(
                    FailureKind.PRECONDITION,
                    Issue(
                        "multiple-matches" if matches else "not-found",
                        f"This conditional reference matches {count}; it must match one.",
                        (path,),
                    ),
                )
            links[text] = f"{matches[0].resource_type}/{matches[0].resource_id}"
        return links


def received_as(entry: Entry, resource: Any) -> dict[str, Any]:
    """Check the rewritten resource as its entry's request says that it is."""
    return received(replace(entry.request, resource=resource))


def _tail(full_url: str) -> str:
    return "/".join(full_url.split("/")[-2:]) if full_url.startswith("http") else ""


def _refuse_unresolved(resource: dict[str, Any]) -> None:
    issues = [
        Issue("not-found", "No entry of this Bundle has this fullUrl.", (path,))
        for path, reference in references(resource)
        if str(reference.get("reference", "")).startswith("urn:uuid:")
    ]
    if issues:
        raise Failure(FailureKind.INVALID, *issues)


def _refuse_shared_urls(entries: list[Entry]) -> None:
    times = Counter(entry.full_url for entry in entries if entry.full_url)
    for entry in entries:
        if times[entry.full_url] > 1:
            raise _refused(entry, "Two entries have the same fullUrl.")


def _refused(entry: Entry, sentence: str) -> Failure:
    return Failure(FailureKind.INVALID, Issue("invalid", sentence, (entry.path,)))
