"""The real application on a real database, in the process of the tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.settings import Settings
from tests.client import Application, ASGITransport, serving
from tests.factories import Resource, encoded

PUBLIC_URL = "http://runspine.test"
FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True)
class Service:
    """An application that runs, and how to talk to it."""

    app: Any
    settings: Settings
    transport: ASGITransport
    client: httpx.Client
    kind: str
    base: str = PUBLIC_URL + "/fhir"

    def request(
        self, method: str, path: str, resource: Resource | bytes | None = None, **headers: str
    ) -> httpx.Response:
        """Send FHIR to a path below the base; `If_Match="*"` becomes the header If-Match."""
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        content = None
        if resource is not None:
            sent.setdefault("Content-Type", FHIR_JSON)
            content = resource if isinstance(resource, bytes) else encoded(resource)
        url = path if path.startswith("http") else f"{self.base}/{path}".rstrip("/")
        return self.client.request(method, url, headers=sent, content=content)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Read or search below the base."""
        return self.request("GET", path, None, **headers)

    def create(self, resource: Resource) -> Resource:
        """Create the resource and give it as stored."""
        answer = self.request("POST", resource["resourceType"], resource)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def put(self, resource: Resource, **headers: str) -> httpx.Response:
        """Update the resource under its own id."""
        path = f"{resource['resourceType']}/{resource['id']}"
        return self.request("PUT", path, resource, **headers)

    def found(self, query: str) -> list[str]:
        """`Type/id` of every match of a search, all pages, in order."""
        return [f"{item['resourceType']}/{item['id']}" for item in self.matches(query)]

    def matches(self, query: str) -> Iterator[Resource]:
        """Every match of a search, following the next links."""
        link: str | None = query
        while link is not None:
            answer = self.get(link)
            assert answer.status_code == 200, f"{link}: {answer.text}"
            page = answer.json()
            for item in page.get("entry", ()):
                if item["search"]["mode"] == "match":
                    yield item["resource"]
            links = {each["relation"]: each["url"] for each in page["link"]}
            link = links.get("next")


@contextmanager
def running_service(
    database_url: str,
    data_dir: Path,
    *,
    wiring: Mapping[str, Any] | None = None,
    **chosen: Any,
) -> Iterator[Service]:
    """The application on this migrated database for as long as the block lasts.

    `chosen` are settings; `wiring` is the clock and the ids that `create_app` may be handed.
    """
    # Imported here, so that unit tests need not load the application.
    from api.app import create_app  # noqa: PLC0415

    settings = Settings(
        database_url=database_url, data_dir=data_dir, public_url=PUBLIC_URL, **chosen
    )
    app = create_app(settings, **(wiring or {}))
    application: Application = app
    kind = "sqlite" if settings.is_sqlite else "postgresql"
    with serving(application) as transport:
        client = httpx.Client(transport=transport, base_url=PUBLIC_URL, trust_env=False)
        yield Service(app, settings, transport, client, kind)
