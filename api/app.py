"""The composition root: settings in, a wired FastAPI application out."""

import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from api.clinic.gate import Clinic
from api.fhir.outcome import Failure
from api.http.fhir import FHIRApplication, FHIRBase
from api.http.health import health_routes
from api.http.middleware import Metrics, Surroundings
from api.http.openapi import document_bytes
from api.http.pages import FrontPage, page_routes
from api.interactions.context import Context
from api.interactions.page_token import PageTokens
from api.operations import PERFORMING
from api.settings import Settings
from api.store import migration
from api.store.session import Store
from domain import knowledge

VERSION = "0.1.0"
THREADS = 16  # as many as a PostgreSQL pool lends, so that no request waits for a connection
DEMO_CLINIC = ("Organization", "demo-clinic")

CORS_HEADERS = [
    "Authorization", "Content-Type", "Accept", "If-Match", "If-None-Match", "If-None-Exist",
    "If-Modified-Since", "Prefer", "X-Request-Id",
]  # fmt: skip
CORS_EXPOSED = [
    "ETag", "Location", "Last-Modified", "Content-Location", "X-Request-Id", "Retry-After",
]  # fmt: skip
LOOPBACK_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?"


def now() -> int:
    """Give the time as microseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1000


def new_id() -> str:
    """Give a new logical id: a UUID of version 7, so that ids grow and indexes stay compact."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    high, low = random >> 68, random & ((1 << 62) - 1)
    number = (milliseconds << 80) | (7 << 76) | (high << 64) | (2 << 62) | low
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], int] = now,
    ids: Callable[[], str] = new_id,
) -> FastAPI:
    """Wire the application; its store opens when it starts and closes when it stops."""
    settings.check()
    metrics = Metrics()
    wired: list[Context] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = Store.open(
            settings.database,
            clock=clock,
            owner=settings.root_url,
            base_url=settings.base_url,
            time_zone=settings.zone,
        )
        try:
            wired.append(_context(settings, store, clock, ids))
            app.state.store = store
            yield
        finally:
            wired.clear()
            store.close()

    app = FastAPI(
        title="RunSpine",
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    fhir = FHIRApplication(lambda: wired[0], THREADS)
    app.router.routes.extend(
        [
            *health_routes(partial(_missing, settings), metrics),
            *page_routes(partial(openapi_document, settings), partial(_front, settings, wired)),
        ]
    )
    app.add_middleware(FHIRBase, application=fhir)
    _surround(app, settings, metrics)
    return app


def create_app_from_environment() -> FastAPI:
    """Wire the application from the environment alone; what uvicorn's workers call."""
    return create_app(Settings.from_environment())


def openapi_document(settings: Settings) -> bytes:
    """Give the OpenAPI document as it is served and committed."""
    return document_bytes(VERSION, settings.root_url)


def _front(settings: Settings, wired: list[Context]) -> FrontPage:
    try:
        with wired[0].store.snapshot() as snapshot:
            clinic = snapshot.read(*DEMO_CLINIC)
    except Failure:
        clinic = None  # The page that says where to go is worth most when the database is down.
    return FrontPage(VERSION, settings.root_url, clinic is not None and not clinic.is_deleted)


def _context(
    settings: Settings, store: Store, clock: Callable[[], int], ids: Callable[[], str]
) -> Context:
    return Context(
        store=store,
        clinic=Clinic(
            knowledge.load(settings.knowledge_dir),
            settings.zone,
            clock,
            base_url=settings.base_url,
        ),
        tokens=PageTokens(store.secret("page-token")),
        clock=clock,
        new_id=ids,
        base_url=settings.base_url,
        zone=settings.zone,
        refuse_dangling=settings.references == "refuse",
        validate_profiles=settings.validate_profiles,
        software_version=VERSION,
        operations=PERFORMING,
    )


def _missing(settings: Settings) -> str | None:
    if not migration.is_current(settings.database):
        return "The database does not hold the newest schema: run `python -m api migrate`."
    return None


def _surround(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    app.add_middleware(
        Surroundings,
        metrics=metrics,
        prefix=secrets.token_hex(4),
        loopback_only=settings.is_loopback and not settings.public_url,
    )
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_origin_regex=LOOPBACK_ORIGIN if settings.is_loopback else None,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=CORS_HEADERS,
        expose_headers=CORS_EXPOSED,
        max_age=600,
    )
