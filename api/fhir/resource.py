"""PROVISIONAL, by the lead; helper B replaces this file."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.fhir.dates import instant_text
from api.fhir.lexical import serialize
from api.fhir.outcome import Failure, FailureKind
from api.fhir.validation import problems


def check(resource: Any, resource_type: str) -> dict[str, Any]:
    if isinstance(resource, dict) and resource_type == "Assessment":
        resource = {key: value for key, value in resource.items() if key != "evaluation"}
    found = problems(resource, resource_type)
    if found:
        raise Failure(FailureKind.INVALID, *(problem.issue() for problem in found))
    return resource


def stamp(resource: Mapping[str, Any], resource_id: str, version_id: int, last_updated: int) -> bytes:
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    head = {"resourceType": resource["resourceType"], "id": resource_id,
            "meta": {"versionId": str(version_id), "lastUpdated": instant_text(last_updated), **meta}}
    return serialize({**head, **{k: v for k, v in resource.items() if k not in head}})


def _bare(resource: Mapping[str, Any]) -> dict[str, Any]:
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    rest = {k: v for k, v in resource.items() if k not in ("id", "meta")}
    return {**rest, **({"meta": meta} if meta else {})}


def equal_content(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    import orjson
    from api.fhir.lexical import LexicalDecimal
    text = lambda v: orjson.dumps(v, default=lambda d: {"$": d.text} if isinstance(d, LexicalDecimal) else str(d), option=orjson.OPT_SORT_KEYS)
    return text(_bare(a)) == text(_bare(b))


def references(resource: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    path = path or (resource.get("resourceType", "Resource") if isinstance(resource, dict) else "Resource")
    if isinstance(resource, dict):
        if isinstance(resource.get("reference"), str):
            yield path, resource
        for key, value in resource.items():
            yield from references(value, f"{path}.{key}")
    elif isinstance(resource, list):
        for index, value in enumerate(resource):
            yield from references(value, f"{path}[{index}]")


def rewrite_links(resource: Any, mapping: Mapping[str, str]) -> Any:
    if isinstance(resource, dict):
        return {k: rewrite_links(v, mapping) for k, v in resource.items()}
    if isinstance(resource, list):
        return [rewrite_links(v, mapping) for v in resource]
    if isinstance(resource, str):
        return mapping.get(resource, resource)
    return resource
