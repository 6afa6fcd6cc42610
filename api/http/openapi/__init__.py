"""The OpenAPI document that `/openapi.json` serves and `/docs` shows.

It is written from the registry and the R4 definitions, never from the routes: one generic route
serves every type. `openapi/openapi.json` is the committed copy of `document_text`, and CI fails
when the two differ.
"""

import json

from api.http.openapi.document import build_openapi

__all__ = ["build_openapi", "document_bytes", "document_text"]


def document_bytes(version: str, public_url: str = "") -> bytes:
    """Give the document as it is served, without white space."""
    document = build_openapi(version, public_url)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def document_text(version: str) -> str:
    """Give the document as it is committed, one value a line, so that a change can be read."""
    return json.dumps(build_openapi(version), ensure_ascii=False, indent=1) + "\n"
