"""From an `InteractionResult` or a `Failure` to status, headers and bytes: HTTP begins again."""

from email.utils import formatdate
from functools import lru_cache

import orjson

from api.fhir.lexical import parse, serialize, serialize_indented
from api.fhir.outcome import Failure, FailureKind, Issue, operation_outcome
from api.interactions.addressing import MethodFailure
from api.interactions.context import InteractionRequest, InteractionResult
from api.interactions.patch_formats import FORMATS, PatchFormatFailure

HeaderList = list[tuple[bytes, bytes]]

CONTENT_TYPE = (b"content-type", b"application/fhir+json; charset=utf-8")
# Health records belong in no shared cache; a browser asks again with the ETag.
COMMON: HeaderList = [
    (b"cache-control", b"private, no-cache"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]


@lru_cache(maxsize=1024)
def http_date(seconds: int) -> bytes:
    """Spell an instant as HTTP does; it knows whole seconds."""
    return formatdate(seconds, usegmt=True).encode("ascii")


def success(
    result: InteractionResult, request: InteractionRequest, base_url: str
) -> tuple[int, HeaderList, bytes]:
    """Give status, headers and body of an answer, as `Prefer: return` asks."""
    version = result.version
    headers = COMMON.copy()
    if version is not None:
        headers.append((b"etag", b'W/"%d"' % version.version_id))
        headers.append((b"last-modified", http_date(version.last_updated // 1_000_000)))
        if result.location:
            address = (
                f"{base_url}/{version.resource_type}/{version.resource_id}"
                f"/_history/{version.version_id}"
            )
            headers.append((b"location", address.encode("ascii")))
    body = result.body or b""
    if result.location:
        body = _preferred(result, request, body)
    if body:
        headers.append(CONTENT_TYPE)
    return result.status, headers, body


def refusal(failure: Failure) -> tuple[int, HeaderList, bytes]:
    """Give status, headers and OperationOutcome of a failure."""
    headers = [*COMMON, CONTENT_TYPE]
    if failure.etag:
        headers.append((b"etag", failure.etag.encode("ascii")))
    if failure.kind is FailureKind.BUSY:
        headers.append((b"retry-after", b"1"))
    if isinstance(failure, MethodFailure):
        headers.append((b"allow", ", ".join(failure.allowed).encode("ascii")))
    if isinstance(failure, PatchFormatFailure):
        headers.append((b"accept-patch", ", ".join(FORMATS).encode("ascii")))
    return failure.kind.status, headers, serialize(operation_outcome(failure.issues))


def indented(body: bytes) -> bytes:
    """Lay JSON out for a person (`_pretty=true`), every number in its own digits."""
    return serialize_indented(parse(body))


def _preferred(result: InteractionResult, request: InteractionRequest, body: bytes) -> bytes:
    wanted = request.prefer.representation
    if wanted == "minimal":
        return b""
    if wanted == "OperationOutcome" and result.version is not None:
        version = result.version
        said = Issue(
            "informational",
            f"{version.resource_type}/{version.resource_id} is stored as version "
            f"{version.version_id}.",
            severity="information",
        )
        return orjson.dumps(operation_outcome((*result.issues, said)))
    return body
