"""Clients that speak to the real application without a socket.

`ASGITransport` runs an application on an event loop of its own thread, lifespan included, so that a
plain synchronous `httpx.Client` can be used in tests, from several threads at once if need be.
`send` takes the request as raw bytes, for targets that no well-behaved client would produce.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote

import httpx
from typing_extensions import override

Message: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]
Headers: TypeAlias = list[tuple[bytes, bytes]]

ANSWER_SECONDS = 60.0


@dataclass
class Exchange:
    """One request on its way through the application, and what came back."""

    body: bytes
    status: int = 0
    headers: Headers = field(default_factory=list)
    content: bytes = b""
    is_sent: bool = False

    async def receive(self) -> Message:
        """Hand the body over once, then say that the client waits for ever."""
        if self.is_sent:
            await asyncio.Event().wait()
        self.is_sent = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Collect the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.content += message.get("body", b"")


class ASGITransport(httpx.BaseTransport):
    """Hands requests to an application on the loop of another thread."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.escaped: list[BaseException] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="asgi", daemon=True)
        self._state: dict[str, Any] = {}
        self._stop: asyncio.Event | None = None
        self._lifespan: Future[None] | None = None

    def start(self) -> None:
        """Start the loop and run the application's start-up; raise what it raises."""
        self._thread.start()
        started: Future[None] = Future()
        self._lifespan = asyncio.run_coroutine_threadsafe(self._live(started), self._loop)
        started.result(ANSWER_SECONDS)

    def stop(self) -> None:
        """Run the application's shutdown and end the loop."""
        if self._stop is not None and self._lifespan is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._lifespan.result(ANSWER_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_SECONDS)
        self._loop.close()

    async def _live(self, started: Future[None]) -> None:
        self._stop = asyncio.Event()
        stop = self._stop
        asked = iter(("lifespan.startup", "lifespan.shutdown"))

        async def receive() -> Message:
            kind = next(asked)
            if kind == "lifespan.shutdown":
                await stop.wait()
            return {"type": kind}

        async def send(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                started.set_result(None)
            elif message["type"] == "lifespan.startup.failed":
                started.set_exception(RuntimeError(message.get("message", "start-up failed")))

        scope: Message = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self._state}
        try:
            await self.app(scope, receive, send)
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    def send(self, method: str, target: bytes, headers: Headers, body: bytes) -> Exchange:
        """Send the request as it stands; an exception that leaves the application is kept."""
        path, _, query = target.partition(b"?")
        scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path.decode("latin-1"), errors="replace"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 80),
            "state": self._state.copy(),
        }
        exchange = Exchange(body)
        running = asyncio.run_coroutine_threadsafe(self._run(scope, exchange), self._loop)
        running.result(ANSWER_SECONDS)
        return exchange

    async def _run(self, scope: Message, exchange: Exchange) -> None:
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - a real server would answer 500, and so do we.
            self.escaped.append(error)
            exchange.status = exchange.status or 500

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        exchange = self.send(request.method, request.url.raw_path, headers, request.read())
        return httpx.Response(exchange.status, headers=exchange.headers, content=exchange.content)


@contextmanager
def serving(app: Application) -> Iterator[ASGITransport]:
    """Run the application for as long as the block lasts."""
    transport = ASGITransport(app)
    transport.start()
    try:
        yield transport
    finally:
        transport.stop()
