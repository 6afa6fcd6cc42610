"""From an ASGI scope and body to an `InteractionRequest`; HTTP ends here."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

from api.fhir.outcome import Failure, FailureKind, Issue
from api.http.media_types import FORM, JSON_TYPES, check_accept, check_content_type, media_type
from api.interactions.addressing import address, parse_query
from api.interactions.context import InteractionRequest, Parameters, Prefer
from api.interactions.operation_rows import OPERATION_CODES
from api.interactions.patch_formats import JSON_PATCH, PatchFormatFailure

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = dict[bytes, str]

MAX_BODY_BYTES = 16 * 1024 * 1024
SEARCHES = frozenset({"search-type", "search-compartment", "search-system"})
TAKES_PARAMETERS = (
    OPERATION_CODES | SEARCHES | {"history-instance", "history-type", "history-system"}
)
TAKES_CRITERIA = frozenset({"update", "delete", "patch"})
TAKES_BODY = frozenset({"create", "update", "patch", "transaction"}) | OPERATION_CODES
# Every other body is needed; an operation may have its parameters in the address, or none.
NEEDS_BODY = (TAKES_BODY - OPERATION_CODES) | {"$evaluate"}
PATCH_TYPES = JSON_TYPES | {JSON_PATCH}
_PREFERENCE = re.compile(r"\s*(return|handling)\s*=\s*\"?([A-Za-z]+)\"?\s*", re.IGNORECASE)
_NO_PREFERENCE = Prefer()


class ClientGone(Exception):  # noqa: N818 - no error of ours: the client closed its connection.
    """The client left before its body was read; there is nobody to answer."""


def headers_of(scope: Scope) -> Headers:
    """Give the headers by lower-case name; a header sent twice is joined as RFC 9110 §5.3 says."""
    headers: Headers = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def read_head(scope: Scope, headers: Headers, prefix: bytes) -> tuple[InteractionRequest, bool]:
    """Give the interaction that the address and headers ask for, and whether to indent the answer.

    Raises Failure for an address, header or format that cannot be taken.
    """
    query: bytes = scope["query_string"]
    parameters = parse_query(query.decode("latin-1")) if query else ()
    request = address(scope["method"], _path(scope, prefix), parameters)
    format_parameter, pretty, parameters = _split_format(parameters)
    check_accept(headers.get(b"accept"), format_parameter)
    is_conditional = request.interaction in TAKES_CRITERIA and not request.resource_id
    if parameters and not is_conditional and request.interaction not in TAKES_PARAMETERS:
        parameters = _no_parameters(parameters, headers)
    prefer = headers.get(b"prefer")
    return (
        replace(
            request,
            parameters=parameters,
            if_match=headers.get(b"if-match"),
            if_none_match=headers.get(b"if-none-match"),
            if_none_exist=headers.get(b"if-none-exist"),
            if_modified_since=headers.get(b"if-modified-since"),
            prefer=read_prefer(prefer) if prefer else _NO_PREFERENCE,
        ),
        pretty,
    )


async def read_body(
    receive: Receive, request: InteractionRequest, method: str, headers: Headers
) -> InteractionRequest:
    """Add the body, or the parameters of a form.

    Raises Failure MEDIA_TYPE or TOO_LARGE, and ClientGone.
    """
    if request.interaction in SEARCHES:
        if method != "POST":
            return request
        if headers.get(b"content-length") == "0" and b"content-type" not in headers:
            return request
        check_content_type(headers.get(b"content-type"), frozenset({FORM}))
        form = await _whole_body(receive, headers)
        try:
            pairs = parse_query(form.decode("ascii"))
        except UnicodeDecodeError as error:
            raise Failure(
                FailureKind.INVALID, "A form is ASCII; encode the rest with percent signs."
            ) from error
        _, _, pairs = _split_format(pairs)
        return replace(request, parameters=request.parameters + pairs)
    if request.interaction not in TAKES_BODY:
        return request
    body = await _whole_body(receive, headers)
    sent = ""
    if body or request.interaction in NEEDS_BODY:
        sent = _media_type(request.interaction, headers.get(b"content-type"))
    return replace(request, body=body, media_type=sent)


def _media_type(interaction: str, header: str | None) -> str:
    if interaction != "patch":
        return check_content_type(header, JSON_TYPES)
    if media_type(header or "") not in PATCH_TYPES:
        raise PatchFormatFailure("This format is not read here.")
    return check_content_type(header, PATCH_TYPES)


async def _whole_body(receive: Receive, headers: Headers) -> bytes:
    if b"content-encoding" in headers and headers[b"content-encoding"] != "identity":
        raise Failure(
            FailureKind.MEDIA_TYPE,
            Issue("not-supported", "Send the body uncompressed.", ("http.Content-Encoding",)),
        )
    length = headers.get(b"content-length", "0")
    if length.isdigit() and int(length[:20]) > MAX_BODY_BYTES:
        raise _too_large()
    body = b""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body = message.get("body", b"")
        size += len(body)
        if size > MAX_BODY_BYTES:
            raise _too_large()
        chunks.append(body)
        if not message.get("more_body", False):
            return body if len(chunks) == 1 else b"".join(chunks)


def read_prefer(header: str) -> Prefer:
    """Read the preferences that FHIR knows; others are ignored, as RFC 7240 asks."""
    found = {
        match[1].lower(): match[2]
        for part in re.split(r"[,;]", header)
        if (match := _PREFERENCE.fullmatch(part))
    }
    handling = found.get("handling", "").lower()
    wanted = found.get("return", "")
    shown = {"minimal": "minimal", "representation": "representation"}.get(wanted.lower(), "")
    if wanted.lower() == "operationoutcome":
        shown = "OperationOutcome"
    return Prefer(shown, lenient=handling == "lenient", strict=handling == "strict")


def _path(scope: Scope, prefix: bytes) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].removeprefix(prefix)
    if path.startswith(b"//"):
        raise Failure(FailureKind.UNKNOWN_ID, "The address holds an empty segment.")
    return path.decode("latin-1").removeprefix("/")


def _split_format(parameters: Parameters) -> tuple[str | None, bool, Parameters]:
    if not parameters:
        return None, False, parameters
    named = dict(parameters)
    rest = tuple(pair for pair in parameters if pair[0] not in {"_format", "_pretty"})
    return named.get("_format"), named.get("_pretty") == "true", rest


def _no_parameters(parameters: Parameters, headers: Headers) -> Parameters:
    if read_prefer(headers.get(b"prefer", "")).lenient:
        return ()
    raise Failure(
        FailureKind.NOT_SUPPORTED,
        *(
            Issue(
                "not-supported",
                f"{name[:64]!r} is not taken here; this address takes _format and _pretty.",
                (f"http.{name[:64]}",),
            )
            for name, _ in parameters
        ),
    )


def _too_large() -> Failure:
    return Failure(
        FailureKind.TOO_LARGE,
        f"A body has at most {MAX_BODY_BYTES // 1024 // 1024} MB. Send large data in parts.",
    )
