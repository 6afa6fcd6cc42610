"""Our own code systems as CodeSystem resources, made from the knowledge that the clinic reasons by.

https://hl7.org/fhir/R4/codesystem.html

Each has a value set of all its codes under the same name. Texts follow a clinic's overlay, and so
does the version, which is the ruleset.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from api.clinic.body_sites import sites
from api.clinic.canonical import Canonical
from api.clinic.twin_builders import RUN_STATUS
from domain.checklist import checklist
from domain.knowledge import Knowledge
from domain.streams import STREAMS

Row = tuple[str, str]
"""Code and display."""

TITLES: Final[Mapping[str, str]] = {
    "runner-spine": "Items of the checklist",
    "runner-spine-answer": "Answers of the checklist",
    "rs-finding": "Findings",
    "rs-pattern": "Patterns of spinal pain",
    "rs-contributor": "Contributors",
    "rs-red-flag": "Red flags",
    "rs-run-status": "Whether the runner may run",
    "rs-run-modification": "Changes to running",
    "rs-exercise": "Exercises",
    "rs-education": "Topics of education",
    "rs-stream": "Streams of a plan",
    "rs-body-site": "Sites of the body, with their side",
}
_STATUSES: Final = {
    "pause": "No running for now",
    "reduce": "Less running",
    "modified": "Running with changes",
    "unrestricted": "Running as usual",
}


def code_system(name: str, knowledge: Knowledge, canonical: Canonical) -> dict[str, Any]:
    """Return one of our code systems by its name; raises KeyError for another name."""
    title = TITLES[name]
    return {
        "resourceType": "CodeSystem",
        "id": name,
        "url": canonical.code_system(name),
        "version": knowledge.ruleset,
        "name": _computable(name),
        "title": title,
        "status": "active",
        "caseSensitive": True,
        "valueSet": f"{canonical.base}/ValueSet/{name}",
        "content": "complete",
        "concept": [{"code": code, "display": display} for code, display in _rows(name, knowledge)],
    }


def value_set(name: str, knowledge: Knowledge, canonical: Canonical) -> dict[str, Any]:
    """Return the value set of all codes of one of our code systems; raises KeyError."""
    return {
        "resourceType": "ValueSet",
        "id": name,
        "url": f"{canonical.base}/ValueSet/{name}",
        "version": knowledge.ruleset,
        "name": _computable(name),
        "title": TITLES[name],
        "status": "active",
        "compose": {"include": [{"system": canonical.code_system(name)}]},
    }


def _rows(name: str, knowledge: Knowledge) -> Iterable[Row]:
    named: dict[str, Mapping[str, Any]] = {
        "rs-finding": knowledge.findings,
        "rs-pattern": knowledge.patterns,
        "rs-contributor": knowledge.contributors,
        "rs-red-flag": knowledge.red_flags,
        "rs-exercise": knowledge.exercises,
    }
    worded = {
        "rs-run-modification": knowledge.run_modifications,
        "rs-education": knowledge.education,
    }
    if name in named:
        return ((code, rule.name) for code, rule in named[name].items())
    if name in worded:
        return ((code, wording.text) for code, wording in worded[name].items())
    listed: dict[str, Iterable[Row]] = {
        "runner-spine": _items(),
        "runner-spine-answer": _answers(),
        "rs-run-status": _STATUSES.items(),
        "rs-stream": ((stream, stream.capitalize()) for stream in STREAMS),
        "rs-body-site": sites(),
    }
    return listed[name]


def _items() -> Iterator[Row]:
    seen = set()
    for item in checklist().items:
        if item.code not in seen:
            seen.add(item.code)
            yield item.code, item.label
    yield RUN_STATUS, "Run status"


def _answers() -> Iterator[Row]:
    for code in dict.fromkeys(option for item in checklist().items for option in item.options):
        yield code, code.replace("-", " ").capitalize()


def _computable(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
