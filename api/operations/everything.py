"""`GET [Patient|Encounter]/[id]/$everything`: the resource, its compartment, what that refers to.

https://hl7.org/fhir/R4/patient-operation-everything.html and
https://hl7.org/fhir/R4/encounter-operation-everything.html

Without `_count` the answer is one Bundle, up to `MAX_COUNT` members. `start` and `end` are about
when care was given: what has no such date is always included.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from api.fhir import definitions
from api.fhir.bundle import bundle, query_text, search_entry
from api.fhir.dates import parse_instant, parse_search_date
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.registry import registry
from api.interactions.context import (
    Context,
    InteractionRequest,
    InteractionResult,
    Parameters,
    unknown_type,
)
from api.interactions.page_token import PAGE
from api.interactions.preconditions import existing
from api.operations.arguments import Arguments, read_arguments
from api.store.compartment import CareDates, CompartmentScope
from api.store.version import StoredVersion

MAX_COUNT: Final = 10_000
_OF_EVERY: Final = {"_since": "instant", "_type": "code", "_count": "integer", PAGE: "string"}
KNOWN: Final = {
    "Patient": {"start": "date", "end": "date", **_OF_EVERY},
    "Encounter": _OF_EVERY,
}
# The search parameters that say when care was given; the first that a type has counts.
CARE_DATES: Final = (
    "date", "occurrence", "effective-time", "effective", "period", "started", "onset-date",
    "start-date", "whenhandedover", "sent", "authored", "authoredon", "authored-on", "created",
    "datetime", "recorded",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the client asked for; `wanted` is empty for every type of R4."""

    key: tuple[str, str]
    wanted: tuple[str, ...]
    scope: CompartmentScope
    count: int
    understood: Parameters


def everything(context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer one page; raises Failure UNKNOWN_ID or DELETED when there is no such resource."""
    arguments = read_arguments(request, KNOWN[request.resource_type])
    asked = _asked(context, request, arguments)
    path = f"{request.resource_type}/{request.resource_id}/$everything"
    signed = f"{path}?{query_text(asked.understood)}"
    token = arguments.text(PAGE)
    after = context.tokens.read(token, signed) if token is not None else 0
    with context.store.snapshot() as snapshot:
        centre = existing(snapshot.read(*asked.key), asked.key)
        members = snapshot.compartment(asked.scope, after, asked.count + 1)
        page = members[: asked.count]
        span = (page[0].resource_key, page[-1].resource_key) if page else None
        referred = snapshot.referred(asked.scope, None if after else centre.resource_key, span)
    matches = [] if after or not _is_wanted(asked, centre) else [centre]
    entries = [*_entries(context, [*matches, *page], "match")]
    entries += _entries(context, referred, "include")
    address = f"{context.base_url}/{signed}".rstrip("?")
    links = [("self", address)]
    has_more = len(members) > asked.count
    if has_more:
        separator = "&" if asked.understood else "?"
        sign = context.tokens.sign(page[-1].resource_key, signed)
        links.append(("next", f"{address}{separator}{PAGE}={sign}"))
    total = None if has_more or after else len(matches) + len(page)
    return InteractionResult(200, body=bundle("searchset", entries, links, total))


def compartment_parameters(
    compartment: str, wanted: tuple[str, ...] = ()
) -> tuple[tuple[str, str], ...]:
    """Give (type, code) of the parameters that make a compartment.

    Only those of the wanted types; of every R4 type when none is named.
    """
    return tuple(
        (name, code)
        for name, codes in definitions.compartments()[compartment].items()
        for code in codes
        if (name in wanted if wanted else not registry().types[name].is_logical)
    )


def read_types(arguments: Arguments) -> tuple[str, ...]:
    """Give the types that `_type` names; raises Failure INVALID for one that is not served."""
    names = [name for text in arguments.all("_type") for name in text.split(",")]
    for name in names:
        if registry().get(name) is None:
            raise Failure(FailureKind.INVALID, Issue("value", unknown_type(name), ("http._type",)))
    return tuple(dict.fromkeys(names))


def _asked(context: Context, request: InteractionRequest, arguments: Arguments) -> _Asked:
    key = (request.resource_type, request.resource_id)
    wanted = read_types(arguments)
    since = arguments.text("_since")
    parameters = compartment_parameters(request.resource_type, wanted)
    scope = CompartmentScope(
        centre=key,
        parameters=tuple(f"{name}.{code}" for name, code in parameters),
        referred_types=wanted or None,
        excluded_types=tuple(row.name for row in registry().types.values() if row.is_logical)
        if not wanted
        else (),
        since=parse_instant(since, "_since") if since is not None else None,
        care=_care(context, arguments, {name for name, _ in parameters}),
    )
    count = arguments.whole_number("_count", least=1)
    understood = tuple(
        (name, str(value))
        for name in KNOWN[request.resource_type]
        for value in arguments.all(name)
        if name != PAGE
    )
    return _Asked(key, wanted, scope, min(count or MAX_COUNT, MAX_COUNT), understood)


def _care(context: Context, arguments: Arguments, types: Iterable[str]) -> CareDates | None:
    start, end = arguments.text("start"), arguments.text("end")
    if start is None and end is None:
        return None
    found = (
        next((code for code in CARE_DATES if registry().search_parameter(name, code)), None)
        for name in types
    )
    return CareDates(
        parse_search_date(start, context.zone, "start").low if start is not None else None,
        parse_search_date(end, context.zone, "end").high if end is not None else None,
        tuple(f"{name}.{code}" for name, code in zip(types, found, strict=True) if code),
    )


def _is_wanted(asked: _Asked, centre: StoredVersion) -> bool:
    return not asked.wanted or centre.resource_type in asked.wanted


def _entries(context: Context, versions: Iterable[StoredVersion], mode: str) -> list[bytes]:
    return [
        search_entry(context.base_url, "/".join(version.key), version.content, mode)
        for version in versions
        if version.content is not None
    ]
