"""The OpenAPI document, put together from the registry, the definitions and the examples."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from api.fhir.registry import registry
from api.http.openapi import examples
from api.http.openapi.errors import refusal_components
from api.http.openapi.fhir_operations import operation_paths
from api.http.openapi.interactions import PathItem, type_paths
from api.http.openapi.operations import evaluate_path, plan_path, system_paths
from api.http.openapi.parameters import RESPONSE_HEADERS, shared_parameters
from api.http.openapi.patches import JSON_PATCH_EXAMPLE, OPERATIONS
from api.http.openapi.published import (
    BROUGHT,
    OTHER_TAG,
    OTHER_TEXT,
    PUBLISHED,
    STORY,
    SYSTEM_TAG,
    SYSTEM_TEXT,
    TERMINOLOGY_TAG,
    TERMINOLOGY_TEXT,
)
from api.http.openapi.schemas import Schema, component_schemas
from api.http.openapi.searches import search_paths
from api.http.openapi.subject import Subject

ENVELOPES = ("Bundle", "OperationOutcome", "Parameters")

INTRODUCTION = """\
A FHIR R4 (4.0.1) record server for clinics that treat runners with spinal pain. It supports a
clinician's decision; it never diagnoses and never starts a plan by itself.

**The story in four steps.** Open a request below, press *Execute*, and read the answer; every
example runs as it stands when the demo clinic is loaded (`python -m api demo`).

1. **Patient**: register the runner.
2. **Encounter**: open the visit.
3. **Assessment**: post the checklist. The answer carries the evaluation: findings, red flags,
   ranked hypotheses with every line of evidence, and whether the runner may run.
4. **CarePlan**: `POST /Assessment/{id}/$plan` drafts it in two streams, mobility and control.

Every answer from 400 on is an OperationOutcome that says what to change. Any element may also
carry `id` and `extension`, and a primitive element a sibling `_name`, as FHIR's JSON has them.
"""


def build_openapi(version: str, public_url: str = "") -> dict[str, Any]:
    """Build the document; the same arguments always give the same document.

    The server's address is given relative to the page, so that requests go to the host that the
    page came from; of `public_url` only the path counts.
    """
    return {
        # Swagger UI opens a 3.0 document in half the time that it takes for the same in 3.1.
        "openapi": "3.0.3",
        "info": {
            "title": "RunSpine",
            "version": version,
            "description": INTRODUCTION,
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "servers": [{"url": f"{_path_of(public_url)}/fhir", "description": "This server"}],
        "tags": _tags(),
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "parameters": {**shared_parameters(), "ResourceType": _resource_type()},
            "headers": dict(RESPONSE_HEADERS),
            "responses": refusal_components(),
            "examples": {
                **examples.components([*PUBLISHED, "Location"]),
                "JSONPatch": JSON_PATCH_EXAMPLE,
            },
        },
    }


def _path_of(public_url: str) -> str:
    return urlsplit(public_url).path.rstrip("/").removesuffix("/fhir")


def _tags() -> list[dict[str, str]]:
    texts = {
        **STORY,
        SYSTEM_TAG: SYSTEM_TEXT,
        **BROUGHT,
        TERMINOLOGY_TAG: TERMINOLOGY_TEXT,
        OTHER_TAG: OTHER_TEXT,
    }
    return [{"name": name, "description": text} for name, text in texts.items()]


def _paths() -> dict[str, PathItem]:
    subjects = {name: _subject(name) for name in PUBLISHED}
    paths: dict[str, PathItem] = {}
    for name, subject in subjects.items():
        own = type_paths(subject)
        if name == "Assessment":
            # In the order of use: evaluate, create, plan; a later entry keeps its first place.
            create = {subject.root: own[subject.root]}
            own = evaluate_path(subject) | create | plan_path(subject) | own
        paths |= own | operation_paths(name)
    paths |= system_paths(subjects["Patient"], examples.transaction())
    paths |= search_paths(subjects["Patient"])
    paths |= operation_paths(SYSTEM_TAG) | operation_paths(TERMINOLOGY_TAG)
    return paths | type_paths(_any_other())


def _subject(name: str) -> Subject:
    article = "an" if name[0] in "AEIO" else "a"
    return Subject(
        resource_type=name,
        tag=name,
        noun=f"{article} {name}",
        schema=name,
        example=examples.resource(name),
        read_id=examples.read_id(name),
        outline=examples.outline(name),
        search=examples.search(name),
    )


def _any_other() -> Subject:
    return Subject(
        resource_type="",
        tag=OTHER_TAG,
        noun="a resource of another type",
        schema="Resource",
        example=examples.resource("Location"),
        read_id=examples.read_id("Location"),
        outline=examples.outline("Location"),
    )


def _resource_type() -> dict[str, Any]:
    others = [
        name for name, row in registry().types.items() if row.is_stored and name not in PUBLISHED
    ]
    return {
        "name": "resourceType",
        "in": "path",
        "required": True,
        "description": "One of the other R4 types.",
        "schema": {"type": "string", "enum": others},
        "example": "Location",
    }


def _schemas() -> dict[str, Schema]:
    schemas = component_schemas([*PUBLISHED, *ENVELOPES])
    return schemas | {
        "Assessment.draft": _draft(schemas["Assessment"]),
        "JSONPatch": OPERATIONS,
    }


def _draft(assessment: Mapping[str, Any]) -> Schema:
    """Give the schema of an Assessment that is only evaluated: it needs no status or subject."""
    return {**assessment, "required": ["resourceType"]}
