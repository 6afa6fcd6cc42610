"""A resource on its way into the store and out of it: checked, compared, stamped.

What is stored is the client's own JSON, every number in its own digits, with `id` and `meta`
written by the server. https://hl7.org/fhir/R4/resource.html
"""

from collections.abc import Collection
from typing import Any, Final

import orjson

from api.fhir import definitions, validation
from api.fhir.dates import instant_text
from api.fhir.lexical import JSON, Resource, fragment, serialize
from api.fhir.links import references, rewrite_links
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.validation_problem import MAX_PROBLEMS, Problem, rule

__all__ = [
    "check",
    "equal_content",
    "references",
    "rewrite_links",
    "stamp",
    "without_server_meta",
]

# What the server computes on every write; a client's own is dropped unread.
COMPUTED: Final = {"Assessment": "evaluation"}
SERVER_META: Final = ("versionId", "lastUpdated")
SUBSETTED: Final = ("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED")


def check(
    resource: JSON,
    resource_type: str,
    *,
    any_target: bool = False,
    optional: Collection[str] = (),
) -> Resource:
    """Check a resource that a client sent and give it as it may be stored, without computed parts.

    `any_target` lets references point at types that their element does not name. `optional` holds
    the paths of elements (`Assessment.subject`) that may be missing although the type needs them.
    Raises Failure with every problem found: INVALID when one of them is of the structure,
    UNPROCESSABLE when all are rules. The resource that is passed in stays as it is.
    """
    if resource_type not in definitions.resource_types():
        raise Failure(
            FailureKind.INVALID, Issue("not-supported", "This server does not know the type.")
        )
    if isinstance(resource, dict) and COMPUTED.get(resource_type) in resource:
        computed = COMPUTED[resource_type]
        resource = {key: each for key, each in resource.items() if key != computed}
    try:
        found = _problems(resource, resource_type, any_target=any_target)
    except RecursionError:
        found = [Problem("structure", "The resource is nested too deep.", resource_type)]
    _raise_any([each for each in found if not _may_be_missing(each, optional)])
    if not isinstance(resource, dict):  # pragma: no cover - a problem of the strict layer.
        raise TypeError
    return resource


def _problems(resource: Any, resource_type: str, *, any_target: bool) -> list[Problem]:
    found = validation.problems(resource, resource_type, any_target=any_target)
    return found or _subsetted(resource, resource_type)


def _may_be_missing(problem: Problem, optional: Collection[str]) -> bool:
    return problem.code == "required" and problem.path in optional


def _subsetted(resource: Resource, resource_type: str) -> list[Problem]:
    """Refuse to store a summary as if it were the whole (https://hl7.org/fhir/R4/search.html)."""
    tags = resource.get("meta", {}).get("tag", ())
    if any((tag.get("system"), tag.get("code")) == SUBSETTED for tag in tags):
        sentence = "The tag SUBSETTED says that this resource is not whole; send the whole one."
        return [rule("business-rule", sentence, f"{resource_type}.meta.tag")]
    return []


def _raise_any(found: list[Problem]) -> None:
    if not found:
        return
    kinds = {each.kind for each in found}
    kind = FailureKind.INVALID if FailureKind.INVALID in kinds else FailureKind.UNPROCESSABLE
    raise Failure(kind, *(each.issue() for each in found[:MAX_PROBLEMS]))


def stamp(resource: Resource, resource_id: str, version_id: int, last_updated: int) -> bytes:
    """Write the text to store: type, id and meta first, the rest as the client sent it.

    `last_updated` is in microseconds since 1970-01-01T00:00:00Z. The client's profiles, tags,
    security labels and source stay in meta.
    """
    stamped: Resource = {
        "resourceType": resource["resourceType"],
        "id": resource_id,
        "meta": {
            "versionId": str(version_id),
            "lastUpdated": instant_text(last_updated),
            **_client_meta(resource),
        },
    }
    for key, value in resource.items():
        stamped.setdefault(key, value)
    stamped.pop("_id", None)
    return serialize(stamped)


def without_server_meta(resource: Resource) -> Resource:
    """Give the resource without what the server writes: id, version and time of update."""
    content = {key: value for key, value in resource.items() if key not in ("id", "_id", "meta")}
    meta = _client_meta(resource)
    return {**content, "meta": meta} if meta else content


def equal_content(one: Resource, other: Resource) -> bool:
    """Compare what two resources say: key order does not count, digits do, server meta does not."""
    return _canonical(one) == _canonical(other)


def _canonical(resource: Resource) -> bytes:
    content = without_server_meta(resource)
    return orjson.dumps(content, default=fragment, option=orjson.OPT_SORT_KEYS)


def _client_meta(resource: Resource) -> Resource:
    meta = resource.get("meta", {})
    return {key: value for key, value in meta.items() if key.removeprefix("_") not in SERVER_META}
