"""Links between the entries of a transaction, and conditional references out of it.

https://hl7.org/fhir/R4/http.html#trules and https://hl7.org/fhir/R4/bundle.html#references
"""

from typing import Any

from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.references import parse_relative
from api.fhir.resource import references, rewrite_links
from api.interactions.addressing import parse_query
from api.interactions.context import Context, served_type
from api.interactions.matching import matching
from api.interactions.proposal import Key
from api.store.session import Transaction


class TransactionLinks:
    """From the addresses that entries use for each other to the ids that they were given."""

    def __init__(self, store: Transaction, context: Context) -> None:
        """Begin with no entries; conditional references are looked up in this transaction."""
        self._store = store
        self._context = context
        self._links: dict[str, str] = {}

    def add(self, full_url: str, key: Key) -> None:
        """Note an entry's fullUrl; a RESTful one also answers to its relative form."""
        if not full_url:
            return
        self._links[full_url] = "/".join(key)
        tail = "/".join(full_url.split("/")[-2:]) if full_url.startswith("http") else ""
        relative = parse_relative(tail)
        if relative is not None and relative.resource_type == key[0]:
            self._links.setdefault(tail, "/".join(key))

    def rewritten(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Give the resource with every link to an entry or a condition made a reference.

        Raises Failure PRECONDITION when a conditional reference does not match one resource.
        """
        for path, reference in references(resource):
            text = reference.get("reference")
            if isinstance(text, str) and "?" in text and text not in self._links:
                self._links[text] = self._match(text, path)
        return rewrite_links(resource, self._links) if self._links else resource

    def refuse_unresolved(self, resource: dict[str, Any]) -> None:
        """Raise Failure for a `urn:uuid:` reference that no entry answers to."""
        issues = [
            Issue("not-found", "No entry of this Bundle has this fullUrl.", (path,))
            for path, reference in references(resource)
            if str(reference.get("reference", "")).startswith("urn:uuid:")
        ]
        if issues:
            raise Failure(FailureKind.INVALID, *issues)

    def _match(self, text: str, path: str) -> str:
        resource_type, _, criteria = text.partition("?")
        served_type(resource_type)
        condition = matching(self._context, resource_type, parse_query(criteria), path)
        found = self._store.search(condition.query).versions
        if len(found) != 1:
            count = "no resource" if not found else "more than one resource"
            raise Failure(
                FailureKind.PRECONDITION,
                Issue(
                    "multiple-matches" if found else "not-found",
                    f"This conditional reference matches {count}; it must match one.",
                    (path,),
                ),
            )
        return "/".join(found[0].key)
