"""The token of a page: where in a result the page starts, signed and bound to its query.

A client can neither forge a token nor use it with another query, so nothing in it needs checking
but the signature. https://hl7.org/fhir/R4/http.html#paging
"""

import base64
import binascii
import hashlib
import hmac
from typing import Any

import orjson

from api.fhir.outcome import Failure, FailureKind, Issue

PAGE = "_page"
_SIGNATURE_BYTES = 16
MAX_TOKEN_LENGTH = 8192


class PageTokens:
    """Signs and reads page tokens with the key of the database."""

    def __init__(self, key: bytes) -> None:
        """Keep the key."""
        self._key = key

    def sign(self, place: Any, scope: str) -> str:
        """Give the token of a place (JSON) within the query that `scope` spells."""
        payload = orjson.dumps(place)
        signed = self._signature(payload, scope) + payload
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode("ascii")

    def read(self, token: str, scope: str) -> Any:
        """Give the place back; raise Failure INVALID when the token is not one of this query."""
        place = self._opened(token, scope)
        if place is None:
            raise Failure(
                FailureKind.INVALID,
                Issue(
                    "value",
                    "This page link is not one that this server gave for this query. "
                    "Start again from the query itself.",
                    ("http._page",),
                ),
            )
        return orjson.loads(place)

    def _opened(self, token: str, scope: str) -> bytes | None:
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            return None
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        genuine = hmac.compare_digest(signature, self._signature(payload, scope))
        return payload if genuine else None

    def _signature(self, payload: bytes, scope: str) -> bytes:
        text = scope.encode() + b"\x00" + payload
        return hashlib.blake2b(text, key=self._key, digest_size=_SIGNATURE_BYTES).digest()


def split_page(
    parameters: tuple[tuple[str, str], ...],
) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """Take the page token out of the parameters."""
    token = next((value for name, value in parameters if name == PAGE), None)
    return token, tuple(pair for pair in parameters if pair[0] != PAGE)
