"""`ValueSet/$validate-code` and `CodeSystem/$validate-code`: whether a code is in it.

https://hl7.org/fhir/R4/valueset-operation-validate-code.html and
https://hl7.org/fhir/R4/codesystem-operation-validate-code.html

A code that is not in it is an answer (`result` false), not an error.
"""

from collections.abc import Sequence
from typing import Final

from api.fhir.lexical import Resource
from api.fhir.terminology.code_system import CodeSystem
from api.fhir.terminology.expansion import Member, expand, split_canonical
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.interactions.terminology import HeldLibrary
from api.operations.answered import answered, parameter
from api.operations.arguments import Arguments, read_arguments, refused
from api.operations.codings import Asked, read_codings
from api.operations.named import named_value_set, not_held, read_instance
from api.store.session import Snapshot

_CODED: Final = {
    "url": "uri",
    "code": "code",
    "display": "string",
    "coding": "Coding",
    "codeableConcept": "CodeableConcept",
    "abstract": "boolean",
}
KNOWN: Final = {
    "ValueSet": {
        **_CODED,
        "valueSet": "ValueSet",
        "valueSetVersion": "string",
        "system": "uri",
        "systemVersion": "string",
    },
    "CodeSystem": {**_CODED, "codeSystem": "CodeSystem", "version": "string"},
}


def validate_code(context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer whether the code is there, why not, and its display.

    Raises Failure UNKNOWN_ID for a value set or code system that is not held.
    """
    arguments = read_arguments(request, KNOWN[request.resource_type])
    with context.store.snapshot() as snapshot:
        library = context.library(snapshot)
        if request.resource_type == "ValueSet":
            asked = read_codings(arguments, "systemVersion")
            if any(each.system is None for each in asked):
                raise refused("system", "A code needs its `system`.", "required")
            members = expand(named_value_set(library, snapshot, request, arguments), library)
            name = "value set"
        else:
            asked = read_codings(arguments, "version")
            system = _code_system(library, snapshot, request, arguments)
            members = [_member(system, each.code) for each in asked if _is_of(each, system)]
            members = [each for each in members if each.code]
            name = "code system"
    allows_abstract = arguments.text("abstract") != "false"
    return answered(_verdict(asked, members, name, allows_abstract=allows_abstract))


def _verdict(
    asked: Sequence[Asked], members: Sequence[Member], name: str, *, allows_abstract: bool
) -> list[Resource]:
    """Say whether one of the codings is in it, and what is wrong when none is right."""
    problem = f"The code is not in the {name}."
    for each in asked:
        member = _found(each, members)
        if member is None:
            continue
        wrong = _wrong(each, member, allows_abstract=allows_abstract)
        shown = [parameter("display", "string", member.display)] if member.display else []
        if wrong is None:
            return [parameter("result", "boolean", value=True), *shown]
        return [
            parameter("result", "boolean", value=False),
            parameter("message", "string", wrong),
            *shown,
        ]
    return [parameter("result", "boolean", value=False), parameter("message", "string", problem)]


def _found(asked: Asked, members: Sequence[Member]) -> Member | None:
    return next(
        (
            each
            for each in members
            if each.code == asked.code
            and asked.system in {None, each.system}
            and (asked.version is None or each.version in {None, asked.version})
        ),
        None,
    )


def _wrong(asked: Asked, member: Member, *, allows_abstract: bool) -> str | None:
    if member.is_abstract and not allows_abstract:
        return "The code is abstract: it groups others and is not for use."
    if asked.display is None or member.display is None:
        return None
    known = [member.display, *(str(each.get("value")) for each in member.designations)]
    if asked.display.casefold() in (each.casefold() for each in known):
        return None
    return f"The display is not one of this code; its display is {member.display!r}."


def _code_system(
    library: HeldLibrary, snapshot: Snapshot, request: InteractionRequest, arguments: Arguments
) -> CodeSystem:
    given: Resource | None = arguments.one("codeSystem")
    url = arguments.text("url")
    if sum((bool(request.resource_id), given is not None, url is not None)) != 1:
        raise refused("url", "Name one code system: by `url`, as `codeSystem`, or in the address.")
    if request.resource_id:
        return CodeSystem.of(read_instance(snapshot, request))
    if given is not None:
        return CodeSystem.of(given)
    address, version = split_canonical(str(url))
    found = library.code_system(address, arguments.text("version") or version)
    if found is None:
        raise not_held("code system", str(url), "url")
    return found


def _is_of(asked: Asked, system: CodeSystem) -> bool:
    return asked.system in {None, system.url}


def _member(system: CodeSystem, code: str) -> Member:
    concept = system.find(code)
    if concept is None:
        return Member(system.url, system.version, "", None)
    return Member(
        system=system.url,
        version=system.version,
        code=code,
        display=concept.display,
        is_abstract=concept.is_abstract,
        is_inactive=concept.is_inactive,
        designations=tuple(concept.designations),
    )
