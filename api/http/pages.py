"""What a person opens in a browser: `/`, `/docs`, `/openapi.json` and the files behind them.

Everything comes from `api/http/static` or from memory; no page loads anything from another host.
A file is served only when it stands in the table of assets, so no path can leave the directory.
"""

import gzip
import hashlib
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"

HTML = "text/html; charset=utf-8"
CSS = "text/css; charset=utf-8"
JAVASCRIPT = "text/javascript; charset=utf-8"
SVG = "image/svg+xml"
JSON = "application/json"

# Swagger UI draws its icons from `data:` addresses; everything else is this server's own.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS: Mapping[str, str] = {
    # Asked for again each time and answered with 304, so an upgrade shows at once.
    "cache-control": "no-cache",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}

# address below /static → media type; a file that is not named here is not served
ASSETS: Mapping[str, str] = {
    "icon.svg": SVG,
    "front.css": CSS,
    "front.js": JAVASCRIPT,
    "docs.css": CSS,
    "docs.js": JAVASCRIPT,
    "swagger-ui/swagger-ui.css": CSS,
    "swagger-ui/swagger-ui-bundle.js": JAVASCRIPT,
}

DEMO_LOADED = (
    "The demo clinic is loaded: "
    '<a href="fhir/Patient?_count=5&amp;_pretty=true">its runners</a>, '
    '<a href="fhir/Assessment?_count=5&amp;_pretty=true">their assessments</a>.'
)
DEMO_MISSING = "No demo clinic here. <code>python -m api demo</code> loads one."


@dataclass(frozen=True, slots=True)
class FrontPage:
    """What `/` tells of this server.

    `base_url` is the configured public address without a trailing slash, never a request header.
    """

    version: str
    base_url: str
    demo_loaded: bool


@dataclass(frozen=True, slots=True)
class Asset:
    """A body that is ready to send, plain and gzipped, with its entity tag."""

    media_type: str
    plain: bytes
    gzipped: bytes
    etag: str


def page_routes(openapi: Callable[[], bytes], front: Callable[[], FrontPage]) -> list[Route]:
    """Give the routes of all pages.

    `openapi` is asked once, at the first request for the document; `front` at every request for
    `/`, so that the page tells at once when the demo clinic has been loaded.
    """

    @cache
    def document() -> Asset:
        return asset(JSON, openapi())

    async def front_page(request: Request) -> Response:
        # `front` asks the database, and may have to wait for it.
        page = front_html(await to_thread.run_sync(front))
        return answer(request, asset(HTML, page.encode()))

    async def docs_page(request: Request) -> Response:
        return answer(request, stored_asset("docs.html", HTML))

    async def openapi_document(request: Request) -> Response:
        return answer(request, document())

    async def static_file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        return answer(request, stored_asset(name, ASSETS[name]))

    async def icon(request: Request) -> Response:
        return answer(request, stored_asset("icon.svg", SVG))

    return [
        Route("/", front_page),
        Route("/docs", docs_page),
        Route("/openapi.json", openapi_document),
        Route("/favicon.ico", icon),
        Route("/static/{name:path}", static_file),
    ]


def front_html(front: FrontPage) -> str:
    """Fill in the front page."""
    template = Template((STATIC / "front.html").read_text(encoding="utf-8"))
    return template.substitute(
        version=html.escape(front.version),
        base_url=html.escape(front.base_url),
        demo_class="loaded" if front.demo_loaded else "missing",
        demo_note=DEMO_LOADED if front.demo_loaded else DEMO_MISSING,
    )


@cache
def stored_asset(name: str, media_type: str) -> Asset:
    """Read a file of the static directory once; later requests are answered from memory."""
    return asset(media_type, (STATIC / name).read_bytes())


def asset(media_type: str, body: bytes) -> Asset:
    """Compress and hash a body. No time of day goes into the bytes, so the tag is stable."""
    digest = hashlib.sha256(body).hexdigest()[:20]
    # Weak, since the plain and the gzipped body share it.
    return Asset(media_type, body, gzip.compress(body, compresslevel=6, mtime=0), f'W/"{digest}"')


def answer(request: Request, found: Asset) -> Response:
    """Answer 304 when the browser holds these bytes, else send them as small as it takes."""
    headers = {**PAGE_HEADERS, "etag": found.etag}
    if is_held(request.headers.get("if-none-match", ""), found.etag):
        return Response(status_code=304, headers=headers)
    if takes_gzip(request.headers.get("accept-encoding", "")):
        headers["content-encoding"] = "gzip"
        return Response(found.gzipped, headers=headers, media_type=found.media_type)
    return Response(found.plain, headers=headers, media_type=found.media_type)


def is_held(if_none_match: str, etag: str) -> bool:
    """Compare weakly, as https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 wants for a GET."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags


def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether gzip is among the encodings that the browser names and does not rule out."""
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
