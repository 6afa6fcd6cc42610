"""The refusals that the document shows, each as the OperationOutcome that the server sends.

One component per HTTP status and occasion. The examples are built by `api.fhir.outcome`, as the
answers themselves are; their sentences tell the reader what to change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.fhir.outcome import FailureKind, Issue, operation_outcome

FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One component: its status, when it comes, and what it says (summary → issues)."""

    kind: FailureKind
    description: str
    examples: Mapping[str, tuple[Issue, ...]]


REFUSALS: Mapping[str, Refusal] = {
    "InvalidRequest": Refusal(
        FailureKind.INVALID,
        "The request is not well formed.",
        {
            "An id with a character that ids do not have": (
                Issue(
                    "value", "An id has 1 to 64 letters, digits, hyphens and dots.", ("Patient.id",)
                ),
            ),
        },
    ),
    "InvalidResource": Refusal(
        FailureKind.INVALID,
        "The body is not JSON, or not well formed FHIR. Every problem found is listed at once.",
        {
            "A name that FHIR does not know": (
                Issue(
                    "structure",
                    "HumanName has no element 'familyName'. Did you mean 'family'?",
                    ("Patient.name[0].familyName",),
                ),
            ),
            "Two problems, found together": (
                Issue(
                    "structure", "birthDate holds a string, not a number.", ("Patient.birthDate",)
                ),
                Issue(
                    "required",
                    "Encounter.class must be given.",
                    ("Encounter.class",),
                ),
            ),
            "The id in the body is not the one in the address": (
                Issue(
                    "value",
                    "The id in the body must be there and equal the id in the address.",
                    ("Patient.id",),
                ),
            ),
        },
    ),
    "InvalidSearch": Refusal(
        FailureKind.INVALID,
        "A search parameter, modifier or value is not understood. Nothing is silently ignored; "
        "`Prefer: handling=lenient` drops what is unknown and says so.",
        {
            "A parameter that this type does not have": (
                Issue(
                    "not-supported",
                    "Patient has no search parameter 'birthday'. Did you mean 'birthdate'?",
                    ("http.birthday",),
                ),
            ),
            "A value that is not a date": (
                Issue(
                    "value", "'last week' is not a date such as 2026-11-22.", ("http.birthdate",)
                ),
            ),
        },
    ),
    "UnknownId": Refusal(
        FailureKind.UNKNOWN_ID,
        "Nothing of this type was ever stored under this id.",
        {
            "No such resource": (
                Issue("not-found", "Patient/no-such-runner does not exist here."),
            ),
            "A type that is not served": (
                Issue(
                    "not-supported",
                    "'Patients' is not a resource type of this server. Did you mean Patient? "
                    "/fhir/metadata lists them all.",
                ),
            ),
        },
    ),
    "Deleted": Refusal(
        FailureKind.DELETED,
        "It was deleted. Its history still holds what it was.",
        {
            "Deleted": (
                Issue(
                    "deleted",
                    "Patient/first-runner was deleted with version 2; its history still holds "
                    "what it was.",
                ),
            ),
        },
    ),
    "NotAcceptable": Refusal(
        FailureKind.NOT_ACCEPTABLE,
        "The Accept header or `_format` asks for something else than JSON.",
        {
            "XML": (
                Issue(
                    "not-supported",
                    "This server speaks JSON only. Send Accept: application/fhir+json.",
                    ("http.Accept",),
                ),
            ),
        },
    ),
    "Referenced": Refusal(
        FailureKind.CONFLICT,
        "Other resources still refer to it.",
        {
            "A runner who has a visit": (
                Issue(
                    "conflict",
                    "Encounter/first-visit refers to Patient/first-runner; delete or change it "
                    "first.",
                ),
            ),
        },
    ),
    "WriteConflict": Refusal(
        FailureKind.CONFLICT,
        "The write cannot stand beside what is stored.",
        {
            "Two requests at once": (
                Issue("conflict", "Another request created this resource; read it and try again."),
            ),
        },
    ),
    "PlanBlocked": Refusal(
        FailureKind.CONFLICT,
        "No plan may be drafted now: a red flag is open, or the assessment is not finished.",
        {
            "A red flag blocks": (
                Issue(
                    "business-rule",
                    "RF-CES (emergency) is open: emergency department now. No plan is drafted "
                    "while a red flag blocks.",
                    ("Assessment.evaluation.redFlag[0]",),
                ),
            ),
            "Not finished": (
                Issue(
                    "business-rule",
                    "The assessment is in progress. Complete it, then ask for the plan.",
                    ("Assessment.status",),
                ),
            ),
        },
    ),
    "PreconditionFailed": Refusal(
        FailureKind.PRECONDITION,
        "If-Match names a version that is not the current one, or a conditional request matches "
        "more than one resource.",
        {
            "Someone else was faster": (
                Issue(
                    "conflict",
                    "If-Match does not hold: the current version is 3. Read it again, merge, and "
                    "send its ETag.",
                    ("http.If-Match",),
                ),
            ),
            "Too many matches": (
                Issue(
                    "multiple-matches",
                    "If-None-Exist matches more than one resource; make it more specific.",
                    ("http.If-None-Exist",),
                ),
            ),
        },
    ),
    "TooLarge": Refusal(
        FailureKind.TOO_LARGE,
        "Bodies hold at most 16 MB, Bundles at most 5,000 entries.",
        {
            "Too many entries": (Issue("too-long", "A Bundle takes at most 5000 entries."),),
        },
    ),
    "MediaType": Refusal(
        FailureKind.MEDIA_TYPE,
        "The body comes in a format that is not read.",
        {
            "XML": (
                Issue(
                    "not-supported",
                    "This server reads application/fhir+json and application/json.",
                    ("http.Content-Type",),
                ),
            ),
        },
    ),
    "Unprocessable": Refusal(
        FailureKind.UNPROCESSABLE,
        "Well formed FHIR that breaks a rule: a code that its value set does not hold, a reference "
        "that leads nowhere, an answer that the checklist does not take.",
        {
            "A code that is not in the value set": (
                Issue(
                    "code-invalid",
                    "'woman' is not one of female, male, other, unknown.",
                    ("Patient.gender",),
                ),
            ),
            "A reference that leads nowhere": (
                Issue(
                    "not-found",
                    "Patient/no-such-runner does not exist here.",
                    ("Encounter.subject",),
                ),
            ),
        },
    ),
    "UnprocessableAssessment": Refusal(
        FailureKind.UNPROCESSABLE,
        "The checklist does not take this answer. The link id stands in `expression`.",
        {
            "Out of range": (
                Issue(
                    "value",
                    "The answer must be between 0 and 10.",
                    ("Assessment.item.where(linkId='sx.pain-now')",),
                ),
            ),
            "Unknown link id": (
                Issue(
                    "value",
                    "The checklist has no item of this link id.",
                    ("Assessment.item.where(linkId='mo.hip-extention.L')",),
                ),
            ),
        },
    ),
    "Busy": Refusal(
        FailureKind.BUSY,
        "Nothing was written; send the same request again after `Retry-After` seconds.",
        {
            "Busy": (Issue("transient", "The database is busy. Nothing was written; try again."),),
        },
    ),
}


def refusal_components() -> dict[str, Any]:
    """Give `components.responses`."""
    return {name: _response(refusal) for name, refusal in REFUSALS.items()}


def refusals(*names: str) -> dict[str, Any]:
    """Give the `responses` of an operation that may be refused in these ways, by status."""
    return {
        str(REFUSALS[name].kind.status): {"$ref": f"#/components/responses/{name}"}
        for name in names
    }


def _response(refusal: Refusal) -> dict[str, Any]:
    examples = {
        summary.lower().replace(" ", "-").replace(",", ""): {
            "summary": summary,
            "value": operation_outcome(issues),
        }
        for summary, issues in refusal.examples.items()
    }
    return {
        "description": refusal.description,
        "content": {
            FHIR_JSON: {
                "schema": {"$ref": "#/components/schemas/OperationOutcome"},
                "examples": examples,
            }
        },
    }
