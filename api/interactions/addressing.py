"""Which interaction a method and an address mean, for requests and for the entries of a Bundle.

https://hl7.org/fhir/R4/http.html#summary

The shape of an address is its segments with `*` for a resource type or an id; the table maps shape
and method to the interaction's code as the CapabilityStatement names it.
"""

import re
from urllib.parse import unquote_to_bytes

from api.fhir.outcome import Failure, FailureKind, Issue
from api.interactions.context import InteractionRequest, Parameters, unknown_type
from api.interactions.operation_rows import OPERATION_CODES, listed, operation_on, shapes

RESOURCE_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_TYPE_NAME = re.compile(r"[A-Z][A-Za-z]{1,63}")
MAX_PARAMETERS = 300

SHAPES: dict[str, dict[str, str]] = {
    "*/*": {"GET": "read", "PUT": "update", "DELETE": "delete", "PATCH": "patch"},
    "*": {
        "GET": "search-type",
        "POST": "create",
        "PUT": "update",
        "DELETE": "delete",
        "PATCH": "patch",
    },
    "*/_search": {"POST": "search-type"},
    "": {"GET": "search-system", "POST": "transaction"},
    "_search": {"POST": "search-system"},
    "*/*/*": {"GET": "search-compartment"},
    "*/*/*/_search": {"POST": "search-compartment"},
    "*/*/_history/*": {"GET": "vread"},
    "*/*/_history": {"GET": "history-instance"},
    "*/_history": {"GET": "history-type"},
    "_history": {"GET": "history-system"},
    "metadata": {"GET": "capabilities"},
    **shapes(),
}


def address(method: str, path: str, parameters: Parameters = ()) -> InteractionRequest:
    """Give the interaction of a path below the base, still percent-encoded.

    Raises Failure UNKNOWN_ID for a path that means nothing, METHOD for a method that it does not
    take, INVALID for an id or encoding that is not well formed.
    """
    segments = [_decode(segment) for segment in path.strip("/").split("/")] if path else []
    shape = "/".join(_shape_of(index, segment) for index, segment in enumerate(segments))
    methods = SHAPES.get(shape)
    if methods is None:
        raise Failure(FailureKind.UNKNOWN_ID, Issue("not-found", _no_such_path(segments)))
    names = [segment for segment in segments if not _is_literal(segment)]
    if shape == "metadata":
        names = []
    interaction = methods.get("GET" if method == "HEAD" else method)
    if interaction is None:
        raise MethodFailure(method, sorted(methods))
    _check_names(names)
    if interaction in OPERATION_CODES:
        level = shape.removesuffix(interaction).removesuffix("/")
        if operation_on(interaction, names[0] if names else "", level) is None:
            raise Failure(FailureKind.UNKNOWN_ID, Issue("not-supported", _no_such_path(segments)))
    if interaction == "search-compartment":
        return _in_compartment(names, parameters)
    padded = (*names, "", "", "")
    return InteractionRequest(interaction, padded[0], padded[1], padded[2], parameters=parameters)


def _in_compartment(names: list[str], parameters: Parameters) -> InteractionRequest:
    compartment, centre, searched = names
    if searched != "*":
        _check_names([searched])
    return InteractionRequest(
        "search-compartment", searched, centre, compartment=compartment, parameters=parameters
    )


class MethodFailure(Failure):
    """A method that the address does not take; the answer lists those that it takes in Allow."""

    def __init__(self, method: str, allowed: list[str]) -> None:
        """Name the methods."""
        self.allowed = [*allowed, "HEAD"] if "GET" in allowed else allowed
        super().__init__(
            FailureKind.METHOD,
            f"{method[:16]!r} is not taken here; this address takes {', '.join(self.allowed)}.",
        )


def parse_query(query: str) -> Parameters:
    """Read an address's query or a form body into decoded pairs, in their order.

    Raises Failure INVALID for a broken percent-encoding, text that is not UTF-8, or too many pairs.
    """
    pairs = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_decode_form(name), _decode_form(value)))
    if len(pairs) > MAX_PARAMETERS:
        raise Failure(
            FailureKind.TOO_LARGE, f"A request takes at most {MAX_PARAMETERS} parameters."
        )
    return tuple(pairs)


def _check_names(names: list[str]) -> None:
    if names and not _TYPE_NAME.fullmatch(names[0]):
        raise Failure(FailureKind.UNKNOWN_ID, Issue("not-supported", unknown_type(names[0])))
    if len(names) > 1 and not RESOURCE_ID.fullmatch(names[1]):
        raise Failure(
            FailureKind.INVALID,
            Issue(
                "value",
                "An id has 1 to 64 letters, digits, hyphens and dots.",
                (f"{names[0]}.id",),
            ),
        )


def _is_literal(segment: str) -> bool:
    return segment[:1] in {"_", "$"}


def _shape_of(index: int, segment: str) -> str:
    if _is_literal(segment) or (index == 0 and segment == "metadata"):
        return segment
    return "*"


def _no_such_path(segments: list[str]) -> str:
    operations = [segment for segment in segments if segment.startswith("$")]
    if operations:
        return f"{operations[0][:64]!r} is not an operation of this server here. It has {listed()}."
    return (
        "No such address. The base takes [type], [type]/[id], [type]/[id]/_history/[vid], "
        "[type]/_search, [type]/[id]/[type], _history, _search and metadata."
    )


def _decode(segment: str) -> str:
    if "%" not in segment:
        return _checked(segment)
    if re.search(r"%(?![0-9A-Fa-f]{2})", segment):
        raise Failure(
            FailureKind.INVALID, "The address holds a % that is not followed by two hex digits."
        )
    try:
        return _checked(unquote_to_bytes(segment).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Failure(FailureKind.INVALID, "The address is not UTF-8.") from error


def _checked(text: str) -> str:
    if "\x00" in text or "\ufffd" in text:
        raise Failure(FailureKind.INVALID, "The address holds a character that is not allowed.")
    return text


def _decode_form(text: str) -> str:
    return _decode(text.replace("+", " ") if "+" in text else text)
