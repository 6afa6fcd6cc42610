"""If-Match, If-None-Match and If-Modified-Since.

https://hl7.org/fhir/R4/http.html#concurrency and https://hl7.org/fhir/R4/http.html#cread
"""

import re
from email.utils import parsedate_to_datetime

from api.fhir.outcome import Failure, FailureKind, Issue
from api.store.version import StoredVersion

# A strong form and a list are tolerated beside the weak form that FHIR writes.
_ENTITY_TAGS = re.compile(r'\s*(?:W/)?"([^"]*)"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_ENTITY_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def entity_tags(header: str, name: str) -> frozenset[str]:
    """Give the version ids in an If-Match or If-None-Match header.

    Raises Failure INVALID when the header is not a list of entity tags.
    """
    if not _ENTITY_TAGS.fullmatch(header):
        raise Failure(
            FailureKind.INVALID,
            Issue("value", f'{name} takes entity tags such as W/"3", or *.', (f"http.{name}",)),
        )
    return frozenset(_ENTITY_TAG.findall(header))


def check_if_match(header: str | None, current: StoredVersion | None) -> None:
    """Raise Failure PRECONDITION unless the current version is one that the client names."""
    if header is None:
        return
    exists = current is not None and not current.is_deleted
    if header.strip() == "*":
        if exists:
            return
    elif str(current.version_id if current and exists else "") in entity_tags(header, "If-Match"):
        return
    stored = f"the current version is {current.version_id}" if exists and current else "none exists"
    raise Failure(
        FailureKind.PRECONDITION,
        Issue(
            "conflict",
            f"If-Match does not hold: {stored}. Read it again, merge, and send its ETag.",
            ("http.If-Match",),
        ),
        etag=f'W/"{current.version_id}"' if exists and current else None,
    )


def existing(version: StoredVersion | None, key: tuple[str, str]) -> StoredVersion:
    """Give the version that was read; raise Failure UNKNOWN_ID or DELETED when there is none."""
    name = "/".join(key)
    if version is None:
        raise Failure(FailureKind.UNKNOWN_ID, f"{name} does not exist here.")
    if version.is_deleted:
        raise Failure(
            FailureKind.DELETED,
            f"{name} was deleted with version {version.version_id}; an update (PUT) revives it.",
            etag=f'W/"{version.version_id}"',
        )
    return version


def is_not_modified(
    if_none_match: str | None, if_modified_since: str | None, version: StoredVersion
) -> bool:
    """Whether a conditional read may be answered 304.

    If-None-Match rules when both are sent (RFC 9110 §13.1.3). A header that cannot be read is
    ignored, as the RFC asks, since the full answer is never wrong.
    """
    if if_none_match is not None:
        if if_none_match.strip() == "*":
            return True
        return str(version.version_id) in _ENTITY_TAG.findall(if_none_match)
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since).timestamp()
    except ValueError:
        return False
    # Last-Modified is told in whole seconds, so it is compared in whole seconds.
    return version.last_updated // 1_000_000 <= since
