"""The paths that are no plain interaction of a type: `$evaluate`, `$plan` and the base itself."""

from typing import Any

from api.http.openapi.content import answer, body, bundle, shown
from api.http.openapi.errors import refusals
from api.http.openapi.examples import PLAN_FROM, TWO_MEASUREMENTS
from api.http.openapi.interactions import PathItem
from api.http.openapi.parameters import named
from api.http.openapi.published import SYSTEM_TAG
from api.http.openapi.searches import search_system
from api.http.openapi.subject import Subject

BUNDLE = {"$ref": "#/components/schemas/Bundle"}
ASSESSMENT = {"$ref": "#/components/schemas/Assessment"}
DRAFT = {"$ref": "#/components/schemas/Assessment.draft"}
CARE_PLAN = {"$ref": "#/components/schemas/CarePlan"}
DRAFTED = {"$ref": "#/components/examples/draft"}
PARAMETERS = {"$ref": "#/components/schemas/Parameters"}

CAPABILITIES = {
    "resourceType": "CapabilityStatement",
    "status": "active",
    "kind": "instance",
    "fhirVersion": "4.0.1",
    "format": ["application/fhir+json"],
}


def evaluate_path(subject: Subject) -> dict[str, PathItem]:
    """Give `POST Assessment/$evaluate`."""
    operation: dict[str, Any] = {
        "tags": [subject.tag],
        "operationId": "evaluateAssessment",
        "summary": "Evaluate answers without storing anything",
        "description": (
            "Answers the same Assessment with its evaluation. Neither status nor subject is "
            "needed and no reference is checked, so it can be asked while the checklist fills up."
        ),
        "requestBody": body(DRAFT, shown("Two measurements", TWO_MEASUREMENTS), subject.new),
        "responses": {
            "200": answer("The Assessment with its evaluation.", DRAFT, subject.answered),
            **refusals("InvalidResource", "NotAcceptable", "TooLarge", "MediaType"),
            **refusals("UnprocessableAssessment", "Busy"),
        },
    }
    return {"/Assessment/$evaluate": {"post": operation}}


def plan_path(subject: Subject) -> dict[str, PathItem]:
    """Give `POST Assessment/{id}/$plan`, which answers a CarePlan."""
    operation: dict[str, Any] = {
        "tags": [subject.tag],
        "operationId": "planAssessment",
        "summary": "Draft the two-stream CarePlan of an assessment",
        "description": (
            "Drafts the CarePlan and its Goals together. Asked again for the same version of the "
            "assessment it answers the same plan. The draft waits for a clinician, who accepts it "
            "by updating its status to `active`."
        ),
        "parameters": [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "Logical id of a completed or amended Assessment.",
                "schema": {"$ref": "#/components/schemas/id"},
                "example": subject.read_id,
            },
            *named("PreferReturn"),
        ],
        "requestBody": {
            **body(PARAMETERS, shown("Start on a Monday", PLAN_FROM)),
            "required": False,
        },
        "responses": {
            "201": answer("Drafted.", CARE_PLAN, DRAFTED, ("ETag", "Last-Modified", "Location")),
            "200": answer("It was drafted before; this is that plan.", CARE_PLAN, DRAFTED),
            **refusals("InvalidResource", "UnknownId", "Deleted", "NotAcceptable"),
            **refusals("PlanBlocked", "TooLarge", "MediaType", "Unprocessable", "Busy"),
        },
    }
    return {"/Assessment/{id}/$plan": {"post": operation}}


def system_paths(subject: Subject, transaction: dict[str, Any]) -> dict[str, PathItem]:
    """Give the base, `metadata` and the history of all resources."""
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"request": {"method": "GET", "url": f"Patient/{subject.read_id}"}},
            {"request": {"method": "GET", "url": "Encounter?_count=1"}},
        ],
    }
    answered = {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [{"response": {"status": "201 Created", "etag": 'W/"1"'}}],
    }
    post = {
        "tags": [SYSTEM_TAG],
        "operationId": "performBundle",
        "summary": "Batch or transaction",
        "description": (
            "A transaction is stored as a whole or not at all; its entries refer to each other by "
            "`fullUrl`. The entries of a batch are requests of their own. At most 5,000 entries."
        ),
        "parameters": named("PreferReturn"),
        "requestBody": body(
            BUNDLE,
            shown("A runner and a visit, together", transaction),
            shown("Two reads", batch),
        ),
        "responses": {
            "200": answer(
                "Answers in the order of the entries.", BUNDLE, shown("Created", answered)
            ),
            **refusals("InvalidResource", "UnknownId", "NotAcceptable", "WriteConflict"),
            **refusals("PreconditionFailed", "TooLarge", "MediaType", "Unprocessable", "Busy"),
        },
    }
    history = {
        "tags": [SYSTEM_TAG],
        "operationId": "historyOfAll",
        "summary": "History of all resources",
        "description": "Newest first. Assessments stand in `/Assessment/_history`.",
        "parameters": named("Count", "Since", "At"),
        "responses": {
            "200": bundle("history", subject),
            **refusals("InvalidSearch", "NotAcceptable", "Busy"),
        },
    }
    metadata = {
        "tags": [SYSTEM_TAG],
        "operationId": "capabilities",
        "summary": "What this server can do",
        "responses": {
            "200": answer(
                "The CapabilityStatement.",
                {"$ref": "#/components/schemas/Resource"},
                shown("The beginning of it", CAPABILITIES),
            ),
            **refusals("NotAcceptable"),
        },
    }
    return {
        "/metadata": {"get": metadata},
        "/": {"post": post, "get": search_system(subject)},
        "/_history": {"get": history},
    }
