"""`ValueSet/$expand`: the codes that a value set holds, as a flat list.

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from api.fhir.dates import instant_text
from api.fhir.lexical import Resource, serialize
from api.fhir.outcome import Failure, FailureKind
from api.fhir.terminology.expansion import Member, expand
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.operations.arguments import Arguments, read_arguments
from api.operations.named import named_value_set

# A list longer than this is asked for in pages.
MOST_AT_ONCE: Final = 10_000
KNOWN: Final = {
    "url": "uri",
    "valueSet": "ValueSet",
    "valueSetVersion": "string",
    "filter": "string",
    "offset": "integer",
    "count": "integer",
    "includeDesignations": "boolean",
    "includeDefinition": "boolean",
    "activeOnly": "boolean",
    "excludeNested": "boolean",
}
_SHOWN: Final = ("id", "url", "version", "name", "title", "status", "experimental")
# What shaped the expansion, and the type of its value there.
_SAID: Final = {
    "filter": "valueString",
    "offset": "valueInteger",
    "count": "valueInteger",
    "includeDesignations": "valueBoolean",
    "activeOnly": "valueBoolean",
}


def expand_value_set(context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer the ValueSet with its expansion.

    Raises Failure UNKNOWN_ID for a value set that is not held, UNPROCESSABLE for one that draws
    from what is not held.
    """
    arguments = read_arguments(request, KNOWN)
    with context.store.snapshot() as snapshot:
        library = context.library(snapshot)
        value_set = named_value_set(library, snapshot, request, arguments)
        members = expand(value_set, library)
    members = _selected(members, arguments)
    shown: Resource = {"resourceType": "ValueSet"}
    kept = (*_SHOWN, "compose") if arguments.is_true("includeDefinition") else _SHOWN
    shown |= {name: value_set[name] for name in kept if name in value_set}
    shown.setdefault("status", "active")
    shown["expansion"] = _expansion(context, members, arguments, str(shown.get("url", "")))
    return InteractionResult(200, body=serialize(shown))


def _selected(members: list[Member], arguments: Arguments) -> list[Member]:
    words = (arguments.text("filter") or "").casefold().split()
    active_only = arguments.is_true("activeOnly")
    return [
        member
        for member in members
        if not (active_only and member.is_inactive)
        and all(word in f"{member.display or ''} {member.code}".casefold() for word in words)
    ]


def _expansion(context: Context, members: list[Member], arguments: Arguments, url: str) -> Resource:
    offset = arguments.whole_number("offset") or 0
    count = arguments.whole_number("count")
    if count is None and len(members) - offset > MOST_AT_ONCE:
        raise Failure(
            FailureKind.UNPROCESSABLE,
            f"The expansion has {len(members)} codes; ask for them with `offset` and `count`.",
        )
    page = members[offset:] if count is None else members[offset : offset + count]
    moment = context.clock()
    found: Resource = {
        "identifier": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{url} {moment} {offset}')}",
        "timestamp": instant_text(moment),
        "total": len(members),
    }
    if offset or count is not None:
        found["offset"] = offset
    said = [_said(name, arguments) for name in _SAID if arguments.all(name)]
    versions = dict.fromkeys(
        f"{member.system}|{member.version}" for member in members if member.version
    )
    said += [{"name": "version", "valueUri": version} for version in versions]
    if said:
        found["parameter"] = said
    if page:
        designated = arguments.is_true("includeDesignations")
        found["contains"] = [_contained(each, designated=designated) for each in page]
    return found


def _said(name: str, arguments: Arguments) -> Resource:
    value: Any = arguments.text(name)
    if _SAID[name] == "valueInteger":
        value = arguments.whole_number(name)
    elif _SAID[name] == "valueBoolean":
        value = arguments.is_true(name)
    return {"name": name, _SAID[name]: value}


def _contained(member: Member, *, designated: bool) -> Resource:
    found: Resource = {"system": member.system} if member.system else {}
    if member.is_abstract:
        found["abstract"] = True
    if member.is_inactive:
        found["inactive"] = True
    if member.version:
        found["version"] = member.version
    found["code"] = member.code
    if member.display:
        found["display"] = member.display
    if designated and member.designations:
        found["designation"] = list(member.designations)
    return found
