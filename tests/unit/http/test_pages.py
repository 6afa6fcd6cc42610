"""The pages that a person opens, asked for without a socket."""

import asyncio
import gzip
import re
from collections.abc import Callable, Mapping

import httpx
import pytest
from starlette.applications import Starlette

from api.http.pages import ASSETS, STATIC, FrontPage, is_held, page_routes, takes_gzip

DOCUMENT = b'{"openapi":"3.0.3"}'
PAGES = ("/", "/docs", "/openapi.json", "/favicon.ico", *(f"/static/{name}" for name in ASSETS))
# Namespaces and the licence notes of others are names, and nothing is fetched from them.
LOADED = re.compile(rb"""(?:src|href|url|action)\s*[=(]\s*["']?(?:https?:)?//""")


class Browser:
    """Asks an application in this process; each request is sent as it stands."""

    def __init__(
        self, front: Callable[[], FrontPage], openapi: Callable[[], bytes] = lambda: DOCUMENT
    ) -> None:
        self.app = Starlette(routes=page_routes(openapi, front))

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture
def client() -> Browser:
    return Browser(lambda: FrontPage("1.2.3", "https://runs.example", demo_loaded=True))


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_under_a_strict_policy(client: Browser, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_that_the_browser_holds_is_not_sent_again(client: Browser, path: str) -> None:
    etag = client.get(path).headers["etag"]
    response = client.get(path, headers={"if-none-match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag


@pytest.mark.parametrize("name", ["front.html", "docs.html", *(n for n in ASSETS if "/" not in n)])
def test_our_own_pages_load_nothing_from_another_host(name: str) -> None:
    assert not LOADED.findall((STATIC / name).read_bytes())


@pytest.mark.parametrize("name", ["front.html", "docs.html"])
def test_pages_hold_no_script_or_style_of_their_own(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text)


@pytest.mark.parametrize("name", ["front.html", "docs.html"])
def test_every_file_that_a_page_names_is_served(client: Browser, name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="(static/[^"]+)"', text)
    assert named
    assert [client.get(f"/{path}").status_code for path in named] == [200] * len(named)


def test_every_file_of_the_directory_is_served_or_a_template_or_a_notice() -> None:
    files = {str(path.relative_to(STATIC)) for path in STATIC.rglob("*") if path.is_file()}
    notices = {f"swagger-ui/{name}" for name in ("LICENSE", "NOTICE", "README.md")}
    bundled = {"swagger-ui/swagger-ui-bundle.js.LICENSE.txt"}
    assert files == {*ASSETS, "front.html", "docs.html", *notices, *bundled}


@pytest.mark.parametrize(
    "path",
    [
        "/static/nothing.js",
        "/static/../pages.py",
        "/static/%2e%2e/pages.py",
        "/static//etc/passwd",
        "/static/front.html",
        "/static/swagger-ui/",
    ],
)
def test_what_is_no_asset_is_not_found(client: Browser, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_front_page_shows_the_configured_address_and_version(client: Browser) -> None:
    text = client.get("/", headers={"host": "evil.example"}).text
    assert "https://runs.example/fhir/Patient/first-runner" in text
    assert "1.2.3" in text
    assert "evil.example" not in text
    assert "$base_url" not in text


def test_the_front_page_escapes_what_it_is_told() -> None:
    front = FrontPage("<b>", 'https://x.example/"><script>', demo_loaded=False)
    text = Browser(lambda: front).get("/").text
    assert "<b>" not in text
    assert '"><script>' not in text


@pytest.mark.parametrize(("loaded", "says"), [(True, "is loaded"), (False, "No demo clinic")])
def test_the_front_page_says_whether_the_demo_is_loaded(loaded: bool, says: str) -> None:  # noqa: FBT001 - a parameter of the test
    front = FrontPage("1", "https://x.example", demo_loaded=loaded)
    assert says in Browser(lambda: front).get("/").text


def test_the_front_page_tells_who_decides(client: Browser) -> None:
    text = " ".join(client.get("/").text.split())
    assert "supports a clinician's decision" in text
    assert "never diagnoses" in text


def test_the_demo_shows_on_the_front_page_as_soon_as_it_is_loaded() -> None:
    states = iter([False, True])
    client = Browser(lambda: FrontPage("1", "https://x.example", demo_loaded=next(states)))
    assert "No demo clinic" in client.get("/").text
    assert "is loaded" in client.get("/").text


def test_the_document_is_built_once() -> None:
    built: list[int] = []

    def build() -> bytes:
        built.append(1)
        return DOCUMENT

    client = Browser(lambda: FrontPage("1", "https://x.example", demo_loaded=True), build)
    assert [client.get("/openapi.json").content for _ in range(3)] == [DOCUMENT] * 3
    assert built == [1]


def test_the_same_bytes_come_gzipped_and_plain(client: Browser) -> None:
    path = "/static/swagger-ui/swagger-ui.css"
    plain = client.get(path, headers={"accept-encoding": "identity"})
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.content == packed.content == (STATIC / "swagger-ui/swagger-ui.css").read_bytes()
    assert int(packed.headers["content-length"]) < len(plain.content) / 4


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("br", False),
        ("", False),
        ("gzipped", False),
    ],
)
def test_gzip_is_sent_to_those_that_take_it(header: str, *, takes: bool) -> None:
    assert takes_gzip(header) is takes


@pytest.mark.parametrize(
    ("header", "held"),
    [
        ('W/"a"', True),
        ('"a"', True),
        ('"b", W/"a"', True),
        ("*", True),
        ('"b"', False),
        ("", False),
        ("a", False),
    ],
)
def test_tags_are_compared_weakly(header: str, *, held: bool) -> None:
    assert is_held(header, 'W/"a"') is held


def test_swagger_ui_says_where_it_comes_from() -> None:
    folder = STATIC / "swagger-ui"
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    version = re.search(r"swagger-ui-dist` ([\d.]+)", readme)
    assert version
    bundle = (folder / "swagger-ui-bundle.js").read_bytes()
    assert version[1].encode() in bundle
    assert len(gzip.compress(bundle, 6)) < 500_000
