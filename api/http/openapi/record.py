"""Record what a server answers to the story, for the examples of answers.

    python -m api.http.openapi.record http://127.0.0.1:8000/fhir

Asks a running server that has the demo clinic, and writes `answers.json` beside this file: the
evaluation of the example assessment, and the plan of the demo's first one, shortened to an exercise
of each stream, a topic and the review. To be run again when the rules change what they say.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

import httpx

from api.http.openapi import examples


def main(arguments: Sequence[str]) -> int:
    """Record from the server at this FHIR base; 2 when none is named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m api.http.openapi.record FHIR_BASE\n")
        return 2
    with httpx.Client(base_url=arguments[0], trust_env=False) as client:
        evaluated = _ask(client, "Assessment/$evaluate", examples.resource("Assessment"))
        assessment = examples.read_id("Assessment")
        plan = _ask(client, f"Assessment/{assessment}/$plan", examples.PLAN_FROM)
    recorded = {"evaluation": evaluated["evaluation"], "plan": shortened(plan)}
    text = json.dumps(recorded, ensure_ascii=False, indent=1)
    examples.ANSWERS.write_text(text + "\n", encoding="utf-8")
    return 0


def shortened(plan: dict[str, Any]) -> dict[str, Any]:
    """Keep of a plan's activities the first of each kind, which is enough to read its shape."""
    first: dict[str, Any] = {}
    for activity in plan["activity"]:
        first.setdefault(_kind(activity["detail"]), activity)
    return {**plan, "activity": list(first.values())}


def _kind(detail: dict[str, Any]) -> str:
    for extension in detail.get("extension", ()):
        for part in extension.get("extension", ()):
            if part["url"] == "stream":
                return str(part["valueCode"])
    codings = detail["code"].get("coding", [{}])
    return str(codings[0].get("system", detail["code"].get("text")))


def _ask(client: httpx.Client, path: str, resource: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/fhir+json"}
    response = client.post(path, json=resource, headers=headers)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
