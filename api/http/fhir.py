"""The FHIR base: one ASGI application that takes every request below it.

Short reads run on the event loop where the store allows it; all else takes one hop to a thread.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from anyio import CapacityLimiter, to_thread

from api.fhir.outcome import Failure, FailureKind
from api.http.log import note_fault
from api.http.middleware import ASGIApplication
from api.http.request import ClientGone, Receive, Scope, headers_of, read_body, read_head
from api.http.response import HeaderList, indented, refusal, success
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.interactions.performing import READINGS, perform
from api.interactions.transaction import transaction

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Performing = Callable[[Context, InteractionRequest], InteractionResult]

PREFIX = b"/fhir"
BEYOND_ONE_RESOURCE: dict[str, Performing] = {"transaction": transaction}
INLINE = frozenset({"read", "vread", "capabilities"})
MAX_TRIES = 4


class FHIRApplication:
    """Serves the FHIR base with one Context."""

    def __init__(self, context: Callable[[], Context], threads: int) -> None:
        """Keep the wiring, which exists once the application has started."""
        self._context = context
        self._limiter = CapacityLimiter(threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong is told as an OperationOutcome."""
        try:
            status, headers, body = await self._answer(scope, receive)
        except ClientGone:
            return
        except Failure as failure:
            status, headers, body = refusal(failure)
        except Exception as error:  # noqa: BLE001 - a bug must still be an OperationOutcome.
            note_fault(error, scope.get("request_id"))
            status, headers, body = refusal(
                Failure(
                    FailureKind.FAULT,
                    "A fault of this server; nothing of it is the client's. Its log has more "
                    f"under request id {scope.get('request_id', 'unknown')}.",
                )
            )
        await _send(send, scope, status, (headers, body))

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, HeaderList, bytes]:
        context = self._context()
        headers = headers_of(scope)
        request, pretty = read_head(scope, headers, PREFIX)
        scope["interaction"] = request.interaction
        if request.interaction not in READINGS or scope["method"] == "POST":
            request = await read_body(receive, request, scope["method"], headers)
        if request.interaction in INLINE and context.store.reads_inline:
            result = perform(context, request)
        else:
            result = await to_thread.run_sync(_perform, context, request, limiter=self._limiter)
        status, sent, body = success(result, request, context.base_url)
        return status, sent, indented(body) if pretty and body else body


class FHIRBase:
    """Takes the base and everything below it before the framework's own routes are asked.

    A Mount would leave the base itself and an address with a line break to the framework, whose
    answers are no OperationOutcomes, and would cost each read what its router costs.
    """

    def __init__(self, app: ASGIApplication, application: FHIRApplication) -> None:
        """Keep what is below the base, and the application around it for all else."""
        self.app = app
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to where it belongs."""
        path = scope["path"] if scope["type"] == "http" else ""
        is_below = path == "/fhir" or path.startswith("/fhir/")
        await (self.application if is_below else self.app)(scope, receive, send)


def _perform(context: Context, request: InteractionRequest) -> InteractionResult:
    """Perform an interaction; a conflict that the database resolved against us is tried again."""
    performing = BEYOND_ONE_RESOURCE.get(request.interaction, perform)
    for _ in range(MAX_TRIES - 1):
        try:
            return performing(context, request)
        except Exception as error:
            if not context.store.is_retryable(error):
                raise
    return performing(context, request)


async def _send(send: Send, scope: Scope, status: int, answer: tuple[HeaderList, bytes]) -> None:
    headers, body = answer
    if status not in {204, 304}:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
