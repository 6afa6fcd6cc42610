"""The refusals that the document shows, each as the OperationOutcome that the server sends.

One component per HTTP status and occasion, from `refusals.json`: the kind of failure, when it
comes, and examples by what happened. Their sentences are the server's own, and a test asks for each
of them (`tests/unit/http/test_openapi_runs.py`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.fhir.outcome import FailureKind, Issue, operation_outcome

FHIR_JSON = "application/fhir+json"
DATA = Path(__file__).parent / "refusals.json"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One component: its status, when it comes, and what it says (summary → issues)."""

    kind: FailureKind
    description: str
    examples: Mapping[str, tuple[Issue, ...]]


def _read() -> dict[str, Refusal]:
    rows: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return {name: _refusal(row) for name, row in rows.items()}


def _refusal(row: Mapping[str, Any]) -> Refusal:
    examples = {summary: tuple(map(_issue, issues)) for summary, issues in row["examples"].items()}
    return Refusal(FailureKind[row["kind"]], row["description"], examples)


def _issue(row: Mapping[str, Any]) -> Issue:
    return Issue(row["code"], row["diagnostics"], tuple(row.get("expression", ())))


REFUSALS: Mapping[str, Refusal] = _read()


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
