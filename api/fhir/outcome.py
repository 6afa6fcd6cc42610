"""Failures and the OperationOutcome they become.

https://hl7.org/fhir/R4/operationoutcome.html and https://hl7.org/fhir/R4/http.html#Status-Codes

One class, one table. A batch entry and a single response answer a failure alike, which is why the
status stands here and not in `api.http`.

    INVALID           400  the request or the resource is not well formed FHIR
    NOT_SUPPORTED     400  well formed, and something that this server does not do
    UNPROCESSABLE     422  well formed FHIR that breaks a rule: value set, reference, ours
    UNKNOWN_ID        404  the resource, version or path does not exist
    DELETED           410  the resource existed and was deleted
    METHOD            405  the path exists and does not take this method
    NOT_ACCEPTABLE    406  the client asks for a format that is not served
    MEDIA_TYPE        415  the body comes in a format that is not read
    TOO_LARGE         413  body, Bundle or address over the published limit
    CONFLICT          409  the write cannot stand beside what is stored
    PRECONDITION      412  If-Match or a conditional request does not hold
    MULTIPLE_MATCHES  412  a conditional request matches more than one resource
    BUSY              503  nothing was written, the same request may be sent again
    TIMEOUT           504  the database did not answer in time; the sentence says what is known
    FAULT             500  a bug of this server; its detail never leaves, only the request id
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any


class FailureKind(Enum):
    """Why a request is refused: (HTTP status, default issue type)."""

    INVALID = (400, "invalid")
    NOT_SUPPORTED = (400, "not-supported")
    UNPROCESSABLE = (422, "invariant")
    UNKNOWN_ID = (404, "not-found")
    DELETED = (410, "deleted")
    METHOD = (405, "not-supported")
    NOT_ACCEPTABLE = (406, "not-supported")
    MEDIA_TYPE = (415, "not-supported")
    TOO_LARGE = (413, "too-long")
    CONFLICT = (409, "conflict")
    PRECONDITION = (412, "conflict")
    MULTIPLE_MATCHES = (412, "multiple-matches")
    BUSY = (503, "transient")
    TIMEOUT = (504, "timeout")
    FAULT = (500, "exception")

    @property
    def status(self) -> int:
        """The HTTP status that answers this kind."""
        return self.value[0]

    @property
    def issue_code(self) -> str:
        """The issue type used when the failure brings none of its own."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Issue:
    """One `OperationOutcome.issue`.

    `code` is from http://hl7.org/fhir/issue-type. `diagnostics` is a sentence that tells the reader
    what to change and never repeats a patient's values. `expression` holds FHIRPath of the element
    (`Patient.name[0].family`), or the name of the parameter or header as `http.NAME`.
    """

    code: str
    diagnostics: str
    expression: tuple[str, ...] = ()
    severity: str = "error"

    def as_json(self) -> dict[str, Any]:
        """Give the issue as FHIR JSON."""
        issue: dict[str, Any] = {
            "severity": self.severity,
            "code": self.code,
            "diagnostics": self.diagnostics,
        }
        if self.expression:
            issue["expression"] = list(self.expression)
        return issue


class Failure(Exception):  # noqa: N818 - the field's own word; it is an answer, not a bug.
    """A request that is refused, and everything that the client should know of it."""

    def __init__(self, kind: FailureKind, *issues: Issue | str, etag: str | None = None) -> None:
        """Collect the issues; a bare sentence gets the kind's own issue type."""
        self.kind = kind
        self.issues = tuple(
            Issue(kind.issue_code, issue) if isinstance(issue, str) else issue for issue in issues
        )
        self.etag = etag
        super().__init__("; ".join(issue.diagnostics for issue in self.issues))


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """Build the OperationOutcome of these issues."""
    return {"resourceType": "OperationOutcome", "issue": [issue.as_json() for issue in issues]}
