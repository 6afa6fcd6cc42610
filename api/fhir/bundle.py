"""Bundles: searchset, history, batch-response and transaction-response.

https://hl7.org/fhir/R4/bundle.html

Stored bytes are spliced in as they are; nothing here parses a resource.
"""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

import orjson

from api.fhir.dates import instant_text
from api.fhir.outcome import Issue, operation_outcome

Links = Sequence[tuple[str, str]]

STATUS_LINES = {
    200: "200 OK",
    201: "201 Created",
    204: "204 No Content",
    304: "304 Not Modified",
    400: "400 Bad Request",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    409: "409 Conflict",
    410: "410 Gone",
    412: "412 Precondition Failed",
    413: "413 Content Too Large",
    415: "415 Unsupported Media Type",
    422: "422 Unprocessable Content",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
    504: "504 Gateway Timeout",
}


def search_entry(
    base_url: str,
    reference: str,
    content: bytes,
    mode: str = "match",
    extensions: Sequence[object] = (),
) -> bytes:
    """Give one entry of a searchset around the stored bytes; extensions tell of the match."""
    head = f'{{"fullUrl":"{base_url}/{reference}","resource":'
    told = b'"extension":' + orjson.dumps(extensions) + b"," if extensions else b""
    return head.encode() + content + b',"search":{' + told + b'"mode":"' + mode.encode() + b'"}}'


def outcome_entry(issues: Iterable[Issue]) -> bytes:
    """Give the searchset entry that says what was ignored (lenient handling)."""
    return orjson.dumps({"resource": operation_outcome(issues), "search": {"mode": "outcome"}})


def history_entry(
    base_url: str, reference: str, content: bytes | None, method: str, response: dict[str, str]
) -> bytes:
    """Give one entry of a history Bundle; a deletion has no resource."""
    url = reference if method != "POST" else reference.partition("/")[0]
    parts = [f'"fullUrl":"{base_url}/{reference}"'.encode()]
    if content is not None:
        parts.append(b'"resource":' + content)
    parts.append(b'"request":' + orjson.dumps({"method": method, "url": url}))
    parts.append(b'"response":' + orjson.dumps(response))
    return b"{" + b",".join(parts) + b"}"


def response_entry(response: dict[str, object], body: bytes | None, full_url: str = "") -> bytes:
    """Give one entry of a batch-response or transaction-response."""
    parts = [f'"fullUrl":{orjson.dumps(full_url).decode()}'.encode()] if full_url else []
    if body:
        parts.append(b'"resource":' + body)
    parts.append(b'"response":' + orjson.dumps(response))
    return b"{" + b",".join(parts) + b"}"


def bundle(
    kind: str, entries: Sequence[bytes], links: Links = (), total: int | None = None
) -> bytes:
    """Put the entries into a Bundle of this type; an empty list of entries is left out."""
    parts = [b'"resourceType":"Bundle","type":"' + kind.encode() + b'"']
    if total is not None:
        parts.append(b'"total":%d' % total)
    if links:
        shown = [{"relation": relation, "url": url} for relation, url in links]
        parts.append(b'"link":' + orjson.dumps(shown))
    if entries:
        parts.append(b'"entry":[' + b",".join(entries) + b"]")
    return b"{" + b",".join(parts) + b"}"


def version_response(status: int, version_id: int, last_updated: int) -> dict[str, str]:
    """Give `entry.response` of a version: status, etag and lastModified."""
    return {
        "status": STATUS_LINES[status],
        "etag": f'W/"{version_id}"',
        "lastModified": instant_text(last_updated),
    }


def query_text(pairs: Iterable[tuple[str, str]]) -> str:
    """Spell parameters as an address does; what FHIR values often hold stays readable."""
    return "&".join(
        f"{quote(name, safe=':_-.')}={quote(value, safe=_READABLE)}" for name, value in pairs
    )


_READABLE = "|,:/$\\-_.~*()!'@"
