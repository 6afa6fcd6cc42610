"""Media types in and out.

https://hl7.org/fhir/R4/http.html#mime-type and https://hl7.org/fhir/R4/http.html#parameters

`application/fhir+json` goes out. JSON comes in under its FHIR name or its plain one, in UTF-8 by
any spelling. XML is refused, and the answer says so.
"""

import re

from api.fhir.outcome import Failure, FailureKind, Issue

FHIR_JSON = "application/fhir+json"
JSON_TYPES = frozenset({FHIR_JSON, "application/json"})
FORM = "application/x-www-form-urlencoded"
FORMATS = JSON_TYPES | {"json", "application/json+fhir", "text/json"}

_FHIR_VERSION = re.compile(r'fhirversion\s*=\s*"?([0-9.]+)"?', re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w-]+)\"?", re.IGNORECASE)
_QUALITY_ZERO = re.compile(r"q\s*=\s*0(\.0*)?\s*$")


def media_type(header: str) -> str:
    """Give the media type of a Content-Type header without its parameters, in lower case."""
    return header.partition(";")[0].strip().lower()


def check_content_type(header: str | None, allowed: frozenset[str]) -> str:
    """Give the media type of a body; raise Failure MEDIA_TYPE for one that is not read here."""
    if header is None:
        raise _unread("A body needs a Content-Type", allowed)
    found = media_type(header)
    if found not in allowed:
        hint = " XML is not read." if "xml" in found else ""
        raise _unread(
            f"{found[:60]!r} is not read here.{hint} The body needs a Content-Type", allowed
        )
    charset = _CHARSET.search(header)
    if charset and charset[1].lower().replace("_", "-") not in {"utf-8", "utf8", "us-ascii"}:
        raise _unread("Bodies are UTF-8. The body needs a Content-Type", allowed)
    _check_version(header, FailureKind.MEDIA_TYPE, "http.Content-Type")
    return found


def check_accept(accept: str | None, format_parameter: str | None) -> None:
    """Raise Failure NOT_ACCEPTABLE when the client takes nothing that is served.

    `_format` overrides Accept, as the specification says.
    """
    if format_parameter:
        # An unencoded plus of `application/fhir+json` arrives as a space.
        asked = media_type(format_parameter.replace(" ", "+"))
        if asked not in FORMATS:
            raise _unserved(asked, "http._format")
        return
    if accept in {None, "*/*", FHIR_JSON}:
        return
    for choice in accept.split(","):
        kind = media_type(choice)
        takes = kind in JSON_TYPES or kind in {"*/*", "application/*", ""}
        if takes and not _QUALITY_ZERO.search(choice):
            _check_version(choice, FailureKind.NOT_ACCEPTABLE, "http.Accept")
            return
    raise _unserved(media_type(accept), "http.Accept")


def _check_version(header: str, kind: FailureKind, place: str) -> None:
    version = _FHIR_VERSION.search(header)
    if version and not version[1].startswith("4.0"):
        raise Failure(
            kind,
            Issue("not-supported", "This server speaks FHIR R4: fhirVersion=4.0.", (place,)),
        )


def _unread(sentence: str, allowed: frozenset[str]) -> Failure:
    return Failure(
        FailureKind.MEDIA_TYPE,
        Issue(
            "not-supported",
            f"{sentence} of {' or '.join(sorted(allowed))}.",
            ("http.Content-Type",),
        ),
    )


def _unserved(asked: str, place: str) -> Failure:
    hint = " XML is not served." if "xml" in asked else ""
    return Failure(
        FailureKind.NOT_ACCEPTABLE,
        Issue(
            "not-supported", f"{asked[:60]!r} is not served.{hint} Ask for {FHIR_JSON}.", (place,)
        ),
    )
