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


# The sentences are the server's own; tests/unit/http/test_openapi_runs.py asks for each of them.
REFUSALS: Mapping[str, Refusal] = {
    "InvalidRequest": Refusal(
        FailureKind.INVALID,
        "The request is not well formed.",
        {
            "A character that ids do not have": (
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
            "Two problems, found together": (
                Issue(
                    "structure",
                    "date is written as a string in JSON, not a number.",
                    ("Patient.birthDate",),
                ),
                Issue(
                    "structure",
                    "HumanName has no element 'familyName'; is family meant?",
                    ("Patient.name[0].familyName",),
                ),
            ),
            "An element is missing": (
                Issue("required", "Encounter needs the element class.", ("Encounter.class",)),
            ),
            "A code that its value set does not hold": (
                Issue(
                    "code-invalid",
                    "The code must be one of female, male, other, unknown "
                    "(http://hl7.org/fhir/ValueSet/administrative-gender).",
                    ("Patient.gender",),
                ),
            ),
            "Not JSON": (
                Issue(
                    "structure",
                    "Not valid JSON: Expecting property name enclosed in double quotes, line 1, "
                    "column 27.",
                ),
            ),
            "Another id than in the address": (
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
            "A modifier that it does not take": (
                Issue(
                    "not-supported",
                    "The modifier ':exat' is not supported on 'name', a string parameter. Did you "
                    "mean ':exact'? It takes: :missing, :exact, :contains.",
                    ("http.name:exat",),
                ),
            ),
            "Not a date": (
                Issue(
                    "value",
                    "The value of birthdate is not a date such as 2026, 2026-03, 2026-03-02 or a "
                    "dateTime.",
                    ("http.birthdate",),
                ),
            ),
        },
    ),
    "UnknownId": Refusal(
        FailureKind.UNKNOWN_ID,
        "Nothing of this type was ever stored under this id, or there is no such type.",
        {
            "No such resource": (
                Issue("not-found", "Patient/no-such-runner does not exist here."),
            ),
            "No such type": (
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
                    "'application/fhir+xml' is not served. XML is not served. Ask for "
                    "application/fhir+json.",
                    ("http.Accept",),
                ),
            ),
        },
    ),
    "Referenced": Refusal(
        FailureKind.CONFLICT,
        "Other resources still refer to it; up to 20 are named.",
        {
            "An organization that has a room": (
                Issue(
                    "conflict",
                    "Organization/first-organization is referred to by Location/first-location; "
                    "change or delete that first, or both in one transaction.",
                    ("Organization",),
                ),
            ),
        },
    ),
    "WriteConflict": Refusal(
        FailureKind.CONFLICT,
        "The write cannot stand beside what is stored.",
        {
            "An Observation that comes with an Assessment": (
                Issue(
                    "business-rule",
                    "Written with Assessment/demo-runner-01-assessment-1 and read-only; change "
                    "that Assessment instead.",
                    ("Observation.identifier",),
                ),
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
                    "No plan is drafted while RF-CES blocks.",
                    ("Assessment.evaluation.planBlocked",),
                ),
            ),
            "Not finished": (
                Issue(
                    "business-rule",
                    "No plan is drafted from an Assessment that is in-progress.",
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
                    "If-Match does not hold: the current version is 1. Read it again, merge, and "
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
            "Too large": (
                Issue("too-long", "A body has at most 16 MB. Send large data in parts."),
            ),
        },
    ),
    "MediaType": Refusal(
        FailureKind.MEDIA_TYPE,
        "The body comes in a format that is not read.",
        {
            "XML": (
                Issue(
                    "not-supported",
                    "'application/fhir+xml' is not read here. XML is not read. The body needs a "
                    "Content-Type of application/fhir+json or application/json.",
                    ("http.Content-Type",),
                ),
            ),
        },
    ),
    "Unprocessable": Refusal(
        FailureKind.UNPROCESSABLE,
        "Well formed FHIR that breaks a rule: a reference that leads nowhere, an invariant, one "
        "of the rules of our plans.",
        {
            "A reference that leads nowhere": (
                Issue(
                    "not-found",
                    "Patient/no-such-runner does not exist here. Write it first, or in the same "
                    "transaction; a server started with --references allow does not check.",
                    ("Encounter.subject",),
                ),
            ),
        },
    ),
    "UnprocessableAssessment": Refusal(
        FailureKind.UNPROCESSABLE,
        "The checklist does not take this answer. `expression` leads to the item.",
        {
            "Three answers that it does not take": (
                Issue(
                    "value",
                    "mo.hip-extention.L: the checklist has no such linkId; is mo.hip-extension.L "
                    "meant?",
                    ("Assessment.item.where(linkId='mo.hip-extention.L')",),
                ),
                Issue(
                    "value",
                    "sx.pain-now takes a number from 0 to 10.",
                    ("Assessment.item.where(linkId='sx.pain-now')",),
                ),
                Issue(
                    "value",
                    "sx.trend takes one of: improving, stable, worsening.",
                    ("Assessment.item.where(linkId='sx.trend')",),
                ),
            ),
        },
    ),
    "Busy": Refusal(
        FailureKind.BUSY,
        "Nothing was written; send the same request again after `Retry-After` seconds.",
        {
            "Busy": (Issue("transient", "Too many requests at once; try again in a second."),),
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
