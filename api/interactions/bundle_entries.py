"""The entries of a batch or transaction Bundle, read into interaction requests.

https://hl7.org/fhir/R4/http.html#transaction

The envelope is validated apart from the resources in it: each resource is checked as what its own
request says that it is, and our Assessment is no type that R4's Bundle knows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from api.fhir.lexical import Resource
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.resource import check
from api.interactions.addressing import address, parse_query
from api.interactions.context import InteractionRequest, Prefer
from api.interactions.operation_rows import OPERATION_CODES

MAX_ENTRIES = 5000

CARRIES_RESOURCE = frozenset({"create", "update", "patch", "$evaluate"})
MAY_CARRY_RESOURCE = OPERATION_CODES - CARRIES_RESOURCE


@dataclass(slots=True)
class Entry:
    """One entry: what it asks, and the address by which others in the Bundle refer to it."""

    index: int
    full_url: str
    request: InteractionRequest

    @property
    def path(self) -> str:
        """Where the entry stands in the Bundle, for `OperationOutcome.issue.expression`."""
        return f"Bundle.entry[{self.index}]"


def check_envelope(tree: Any) -> tuple[str, list[Resource]]:
    """Check the Bundle apart from the resources in it; give its type and its entries.

    Raises Failure INVALID when it is not a batch or transaction, TOO_LARGE past the limit.
    """
    shell = _without_resources(tree)
    checked = check(shell, "Bundle")
    if checked.get("type") not in {"batch", "transaction"}:
        raise Failure(
            FailureKind.INVALID,
            Issue(
                "value",
                "The base takes a Bundle of type batch or transaction; POST [base]/Bundle stores "
                "one of another type.",
                ("Bundle.type",),
            ),
        )
    if len(checked.get("entry", ())) > MAX_ENTRIES:
        raise Failure(FailureKind.TOO_LARGE, f"A Bundle takes at most {MAX_ENTRIES} entries.")
    return checked["type"], tree.get("entry", [])


def _without_resources(tree: Any) -> Any:
    if not isinstance(tree, dict) or not isinstance(tree.get("entry"), list):
        return tree
    entries = [
        {name: value for name, value in entry.items() if name != "resource"}
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict)
        else entry
        for entry in tree["entry"]
    ]
    # An entry that holds only a resource lacks its request; check() would call it empty.
    if {} in entries:
        missing = entries.index({})
        raise _refused(missing, "request", "required", "Every entry needs a request.")
    return {**tree, "entry": entries}


def read_entry(index: int, entry: dict[str, Any], prefer: Prefer) -> Entry:
    """Turn one entry into the request that it stands for; raise Failure when it is none."""
    asked = entry.get("request")
    if asked is None:
        raise _refused(index, "request", "required", "Every entry needs a request.")
    path, _, query = str(asked.get("url", "")).partition("?")
    try:
        request = address(str(asked.get("method", "")), path.lstrip("/"), parse_query(query))
    except Failure as failure:
        kind = failure.kind if failure.kind is not FailureKind.METHOD else FailureKind.INVALID
        issues = [
            replace(issue, expression=(f"Bundle.entry[{index}].request",))
            for issue in failure.issues
        ]
        raise Failure(kind, *issues) from None
    resource = entry.get("resource")
    is_free = request.interaction in MAY_CARRY_RESOURCE and asked.get("method") == "POST"
    if (resource is not None) != (request.interaction in CARRIES_RESOURCE) and not is_free:
        needs = "needs a resource" if resource is None else "takes no resource"
        raise _refused(index, "resource", "required", f"{asked.get('method')} {needs}.")
    return Entry(
        index,
        str(entry.get("fullUrl", "")),
        replace(
            request,
            resource=resource,
            if_match=asked.get("ifMatch"),
            if_none_match=asked.get("ifNoneMatch"),
            if_none_exist=asked.get("ifNoneExist"),
            if_modified_since=asked.get("ifModifiedSince"),
            prefer=prefer,
        ),
    )


def _refused(index: int, element: str, code: str, sentence: str) -> Failure:
    return Failure(
        FailureKind.INVALID, Issue(code, sentence, (f"Bundle.entry[{index}].{element}",))
    )


@contextmanager
def in_entry(entry: Entry) -> Iterator[None]:
    """Say of each issue that is raised here in which entry of the Bundle it stands."""
    try:
        yield
    except Failure as failure:
        issues = [replace(issue, expression=_within(entry, issue)) for issue in failure.issues]
        raise Failure(failure.kind, *issues, etag=failure.etag) from None


def _within(entry: Entry, issue: Issue) -> tuple[str, ...]:
    if not issue.expression:
        return (entry.path,)
    return tuple(f"{entry.path}.resource.{place}" for place in issue.expression)
