"""FHIR read and vread interactions.

https://hl7.org/fhir/R4/http.html#read
https://hl7.org/fhir/R4/http.html#vread
"""

import re

from api.fhir.outcome import Failure, FailureKind
from api.interactions.context import Context, InteractionRequest, InteractionResult, served_type
from api.interactions.preconditions import is_not_modified
from api.store.session import Snapshot
from api.store.version import StoredVersion

VERSION_ID = re.compile(r"[1-9][0-9]{0,8}")


def read(snapshot: Snapshot, _context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer the current version."""
    served_type(request.resource_type)
    return _answer(snapshot.read(request.resource_type, request.resource_id), request)


def vread(snapshot: Snapshot, _context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer the version that the client names."""
    served_type(request.resource_type)
    number = request.version_id
    version = None
    if VERSION_ID.fullmatch(number):
        version = snapshot.vread(request.resource_type, request.resource_id, int(number))
    return _answer(version, request)


def _answer(version: StoredVersion | None, request: InteractionRequest) -> InteractionResult:
    if version is None:
        what = f"{request.resource_type}/{request.resource_id}"
        if request.version_id:
            what += f" version {request.version_id[:20]}"
        raise Failure(FailureKind.UNKNOWN_ID, f"{what} does not exist here.")
    if version.is_deleted:
        raise Failure(
            FailureKind.DELETED,
            f"{version.resource_type}/{version.resource_id} was deleted with version "
            f"{version.version_id}; its history still holds what it was.",
            etag=f'W/"{version.version_id}"',
        )
    if is_not_modified(request.if_none_match, request.if_modified_since, version):
        return InteractionResult(304, version=version)
    return InteractionResult(200, body=version.content, version=version)
