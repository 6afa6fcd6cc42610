"""What surrounds every request: an id, a bound on how many run, one log line, the metrics.

Plain ASGI. The log line and the metrics hold ids, codes and times; never a name, a query's value
or a body.
"""

import itertools
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from api.fhir.outcome import Failure, FailureKind
from api.http.log import note
from api.http.response import refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_IN_FLIGHT = 512
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_CLIENT_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}")


class Metrics:
    """Requests by interaction and status, in a registry of their own for each application."""

    def __init__(self) -> None:
        """Make the registry."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "runspine_requests_total",
            "Requests answered, by FHIR interaction and status.",
            ["interaction", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "runspine_request_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ["interaction"],
            registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )

    @cache  # noqa: B019 - one Metrics an application, and few pairs of labels
    def _children(self, interaction: str, status: int) -> tuple[Counter, Histogram]:
        return self.requests.labels(interaction, status), self.seconds.labels(interaction)

    def note(self, interaction: str, status: int, seconds: float) -> None:
        """Count one answer."""
        requests, durations = self._children(interaction, status)
        requests.inc()
        durations.observe(seconds)


class Surroundings:
    """Wraps the whole application."""

    def __init__(
        self, app: ASGIApplication, metrics: Metrics, prefix: str, *, loopback_only: bool
    ) -> None:
        """`prefix` starts the request ids; `loopback_only` refuses names that are not this machine.

        A page elsewhere on the web can make a browser reach a loopback server under a name of its
        own; an open server therefore answers to loopback names only.
        """
        self.app = app
        self.metrics = metrics
        self.loopback_only = loopback_only
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note what became of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = self._request_id(scope)
        scope["request_id"] = request_id
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode("ascii")),
                ]
            await send(message)

        self._in_flight += 1
        try:
            refused = self._refusal(scope)
            if refused is None:
                await self.app(scope, receive, send_with_id)
            else:
                await _refuse(send_with_id, refused)
        finally:
            self._in_flight -= 1
            self._note(scope, status, time.perf_counter() - started)

    def _refusal(self, scope: Scope) -> Failure | None:
        if self._in_flight > MAX_IN_FLIGHT:
            return Failure(FailureKind.BUSY, "Too many requests at once; try again in a second.")
        if self.loopback_only and not _is_loopback(scope):
            return Failure(
                FailureKind.INVALID,
                "This server is open to its own machine only and does not answer to that Host.",
            )
        return None

    def _request_id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _CLIENT_REQUEST_ID.fullmatch(value):
                sent: str = value.decode("ascii")
                return sent
        return f"{self._prefix}-{next(self._numbers):x}"

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        interaction = scope.get("interaction", "other")
        self.metrics.note(interaction, status, seconds)
        note(
            "request",
            id=scope["request_id"],
            interaction=interaction,
            status=status,
            ms=round(seconds * 1000, 2),
        )


def _is_loopback(scope: Scope) -> bool:
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        return False
    name = hosts[0] if hosts[0].endswith("]") else hosts[0].rpartition(":")[0] or hosts[0]
    return name.lower() in LOOPBACK_NAMES


async def _refuse(send: Send, failure: Failure) -> None:
    status, headers, body = refusal(failure)
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
