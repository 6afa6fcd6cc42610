"""`CodeSystem/$lookup`: what a code means.

https://hl7.org/fhir/R4/codesystem-operation-lookup.html
"""

from typing import Any, Final

from api.fhir.lexical import Resource
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.terminology.code_system import CodeSystem, Concept
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.operations.answered import answered, parameter
from api.operations.arguments import read_arguments, refused
from api.operations.codings import read_codings
from api.operations.named import not_held

KNOWN: Final = {
    "code": "code",
    "system": "uri",
    "version": "string",
    "coding": "Coding",
    "property": "code",
}


def lookup(context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer the details of a code; raises Failure UNKNOWN_ID for a system or code not held."""
    arguments = read_arguments(request, KNOWN)
    (asked,) = read_codings(arguments, "version")
    if asked.system is None:
        raise refused("system", "A code needs its `system`.", "required")
    with context.store.snapshot() as snapshot:
        system = context.library(snapshot).code_system(asked.system, asked.version)
    if system is None:
        raise not_held("code system", asked.system, "system")
    concept = system.find(asked.code)
    if concept is None:
        raise Failure(
            FailureKind.UNKNOWN_ID,
            Issue("not-found", f"The code is not in {asked.system[:200]}.", ("http.code",)),
        )
    return answered(_details(system, concept, [str(each) for each in arguments.all("property")]))


def _details(system: CodeSystem, concept: Concept, wanted: list[str]) -> list[Resource]:
    found = [parameter("name", "string", system.name)]
    if system.version:
        found.append(parameter("version", "string", system.version))
    found.append(parameter("display", "string", concept.display or concept.code))
    if not wanted or "designation" in wanted:
        found += [_designation(each) for each in concept.designations]
    return found + [
        {
            "name": "property",
            "part": [parameter("code", "code", name), {"name": "value", key: value}],
        }
        for name, key, value in _properties(system, concept)
        if not wanted or name in wanted
    ]


def _designation(designation: Resource) -> Resource:
    types = {"language": "code", "use": "Coding", "value": "string"}
    parts = [
        parameter(name, datatype, designation[name])
        for name, datatype in types.items()
        if name in designation
    ]
    return {"name": "designation", "part": parts}


def _properties(system: CodeSystem, concept: Concept) -> list[tuple[str, str, Any]]:
    """Give name, key of the value and value: what every system has, then what this one defines."""
    found: list[tuple[str, str, Any]] = []
    if concept.definition:
        found.append(("definition", "valueString", concept.definition))
    found += [("parent", "valueCode", code) for code in concept.parents]
    found += [("child", "valueCode", code) for code in system.children(concept.code)]
    for each in concept.properties:
        key = next((key for key in each if key.startswith("value")), None)
        if key is not None and each.get("code") not in {"parent", "child"}:
            found.append((str(each.get("code")), key, each[key]))
    return found
