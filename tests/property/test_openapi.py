"""The written OpenAPI against the server: no address of it crashes, every error is an outcome."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service import Service

DOCUMENT = Path(__file__).parents[2] / "openapi" / "openapi.json"


@cache
def document() -> dict[str, Any]:
    """The committed document."""
    return dict(json.loads(DOCUMENT.read_text()))


@cache
def schema() -> Any:
    """The same, as schemathesis reads it."""
    return schemathesis.openapi.from_dict(document())


@cache
def operations() -> list[tuple[str, str]]:
    """(method, path) of everything that the document describes."""
    paths = document()["paths"]
    methods = {"get", "put", "post", "delete", "patch", "head"}
    known = [(method, path) for path, item in paths.items() for method in item.keys() & methods]
    return sorted(known)


@cache
def cases(method: str, path: str) -> Any:
    """What schemathesis would send to an operation."""
    return schema()[path][method.upper()].as_strategy()


def prefix() -> str:
    """The path of the server that the document names."""
    url = document().get("servers", [{"url": ""}])[0]["url"]
    return re.sub(r"^https?://[^/]+", "", url).rstrip("/")


@pytest.mark.timeout(600)
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_schemathesis_sends_is_answered(service: Service, data: st.DataObject) -> None:
    method, path = data.draw(st.sampled_from(operations()))
    case = data.draw(cases(method, path))
    sent = case.as_transport_kwargs(base_url="http://runspine.test" + prefix())
    known = {
        key: sent[key]
        for key in ("method", "url", "headers", "params", "cookies", "json", "data")
        if key in sent
    }
    content = known.pop("data", None)
    try:
        request = service.client.build_request(
            **known, content=content if isinstance(content, bytes | str) else None
        )
    except (ValueError, TypeError):
        return  # no HTTP client can send it
    answer = service.client.send(request)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and request.url.path.startswith("/fhir") and method != "head":
        assert answer.json()["resourceType"] == "OperationOutcome"
