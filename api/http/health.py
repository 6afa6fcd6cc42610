"""`/healthz`, `/readyz` and `/metrics`: for supervisors and Prometheus, outside the FHIR base."""

from collections.abc import Callable

from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.http.middleware import Metrics

NO_STORE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def health_routes(is_ready: Callable[[], str | None], metrics: Metrics) -> list[Route]:
    """Give the routes; `is_ready` answers None, or a sentence that says what is missing."""

    async def healthz(_request: Request) -> Response:
        """Say that the process runs."""
        return JSONResponse({"status": "ok"}, headers=NO_STORE)

    async def readyz(_request: Request) -> Response:
        """Say whether the database answers and holds the newest schema."""
        missing = await to_thread.run_sync(is_ready)
        if missing is None:
            return JSONResponse({"status": "ready"}, headers=NO_STORE)
        return JSONResponse({"status": missing}, status_code=503, headers=NO_STORE)

    async def exposition(_request: Request) -> Response:
        """Give the metrics in the text format of Prometheus."""
        return Response(
            generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST, headers=NO_STORE
        )

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", exposition),
    ]
