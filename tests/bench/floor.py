"""The floor: an empty FastAPI route that answers a constant body, as its own process.

`async def`, prepared bytes, httptools and uvloop, no middleware, no access log. Run with the size
of the body and the port: `python -m tests.bench.floor 1024 8001`.
"""

import sys

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response

MEDIA_TYPE = "application/fhir+json; charset=utf-8"


def create_floor(size: int) -> FastAPI:
    """An application that answers `size` bytes at /constant."""
    app = FastAPI(openapi_url=None)
    body = b'"' + b"x" * (size - 2) + b'"'

    @app.get("/constant")
    async def constant() -> Response:
        return Response(body, media_type=MEDIA_TYPE)

    @app.get("/readyz")
    async def ready() -> Response:
        return Response(b"ready")

    return app


if __name__ == "__main__":
    uvicorn.run(
        create_floor(int(sys.argv[1])),
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
