"""The demo clinic, loaded through the public API, and the story of one of its runners.

Loading a second time changes nothing: every resource has an id of its own, and an update that
changes nothing makes no new version.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

DEMO_BUNDLE = Path(__file__).parents[2] / "examples" / "demo" / "bundle.json"
FHIR = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
EXTENSIONS = "https://runspine.example.org/fhir/StructureDefinition"

Json = dict[str, Any]


def load_and_tell(base: str, console: Console) -> None:
    """Load the demo into the server at this FHIR base, do the main job once, and print it."""
    with httpx.Client(base_url=base, headers=FHIR, timeout=60, trust_env=False) as client:
        started = time.perf_counter()
        response = client.post("", content=DEMO_BUNDLE.read_bytes())
        if not response.is_success:
            console.print(f"The demo was refused: {_reasons(response)}", style="red")
            return
        entries = response.json()["entry"]
        new = sum(entry["response"]["status"].startswith("201") for entry in entries)
        console.print(
            f"Demo clinic: {len(entries)} resources, {new} new "
            f"({time.perf_counter() - started:.1f} s)",
            highlight=False,
        )
        assessment = client.get(f"/Assessment/{_first_assessment()}").json()
        runner = client.get("/" + assessment["subject"]["reference"]).json()
        drafted = client.post(f"/Assessment/{assessment['id']}/$plan")
        if not drafted.is_success:
            console.print(f"The plan was refused: {_reasons(drafted)}", style="red")
            return
        console.print(Panel(_reasoning(runner, assessment), title="Assessment", expand=False))
        console.print(_streams(drafted.json()))
        console.print(
            f"GET {base}/CarePlan/{drafted.json()['id']}   "
            "A draft for a clinician to confirm: hypotheses, never a verdict.",
            highlight=False,
        )


def answers(base: str) -> bool:
    """Tell whether a server answers at this FHIR base."""
    try:
        return httpx.get(base.removesuffix("/fhir") + "/healthz", timeout=1).is_success
    except httpx.HTTPError:
        return False


def wait_for(base: str, seconds: float = 30) -> bool:
    """Wait until the server at this FHIR base answers; False when it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answers(base):
            return True
        time.sleep(0.05)
    return False


def _first_assessment() -> str:
    bundle = json.loads(DEMO_BUNDLE.read_bytes())
    return next(
        str(entry["resource"]["id"])
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Assessment"
    )


def _reasons(response: httpx.Response) -> str:
    issues = response.json().get("issue", [])
    return f"{response.status_code}: " + "; ".join(issue["diagnostics"] for issue in issues)


def _reasoning(runner: Json, assessment: Json) -> str:
    evaluation = assessment["evaluation"]
    said = {each["code"]: each["text"] for each in evaluation.get("explanation", [])}
    name = runner["name"][0]
    lines = [f"Runner      {' '.join(name.get('given', []))} {name.get('family', '')}"]
    for hypothesis in evaluation.get("hypothesis", [])[:1]:
        lines.append(
            f"Hypothesis  {hypothesis['pattern']} {hypothesis['band']} "
            f"({hypothesis['score']} of {hypothesis['max']})"
        )
        lines += [
            f"            {'+' if line['weight'] > 0 else '-'}{abs(line['weight'])}  {line['text']}"
            for line in hypothesis["evidence"]
            if line["met"]
        ]
    status = evaluation["runStatus"]
    lines.append(f"Run status  {status['status']}")
    lines += [f"            {code}  {said.get(code, '')}" for code in status["reason"]]
    cap = evaluation.get("singleRunCap")
    if cap:
        lines.append(f"Single run  at most {cap['value']} km")
    return "\n".join(lines)


def _streams(plan: Json) -> Table:
    table = Table(title="Plan: two streams by phase")
    table.add_column("Phase")
    table.add_column("Mobility")
    table.add_column("Control")
    cells: dict[tuple[int, str], list[str]] = {}
    for stream, phase, text in _exercises(plan):
        cells.setdefault((phase, stream), []).append(text)
    for phase in sorted({phase for phase, _ in cells}):
        table.add_row(
            str(phase),
            "\n".join(cells.get((phase, "mobility"), [])),
            "\n".join(cells.get((phase, "control"), [])),
        )
    return table


def _exercises(plan: Json) -> Iterator[tuple[str, int, str]]:
    for activity in plan["activity"]:
        detail = activity.get("detail", {})
        for extension in detail.get("extension", []):
            if extension["url"] == f"{EXTENSIONS}/exercise-dosage":
                parts = {part["url"]: part for part in extension["extension"]}
                coding = detail["code"]["coding"][0]
                yield (
                    parts["stream"]["valueCode"],
                    parts["phase"]["valuePositiveInt"],
                    f"{coding['code']} {coding.get('display', '')}",
                )
