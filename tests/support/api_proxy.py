"""A proxy in front of an API server that holds requests, and spoils watches, as networks and servers do.

Clients come over plain HTTP on a loopback port and bring their own bearer tokens: who may do what is still decided by
the API server.
"""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

LOOPBACK = "127.0.0.1"
WAIT_SECONDS = 30.0
BREAK_SECONDS = 0.1
CLOSED = -1
"""The descriptor of a socket that is closed."""
UNLIMITED = aiohttp.ClientTimeout(total=None, sock_connect=10)
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host", "content-encoding"}
GONE = {"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "code": 410, "reason": "Expired"}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a client asks; the answer to a `watch` is a stream of events."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def watch(self) -> bool:
        return "watch" in self.query

    @property
    def plural(self) -> str:
        """The kind's name, where no single object is asked for."""
        return self.path.rpartition("/")[2]


Matches = Callable[[Request], bool]


class Hold:
    """Requests that are held back before the API server hears of them. Those never released are dropped at the end."""

    def __init__(self, matches: Matches, loop: asyncio.AbstractEventLoop) -> None:
        self.matches = matches
        self.passes = False
        self._loop = loop
        self._arrived = threading.Event()
        self._over = asyncio.Event()

    def wait(self) -> None:
        """Until the first such request is held."""
        assert self._arrived.wait(WAIT_SECONDS), "no such request came"

    def release(self) -> None:
        """Let those that are held go on, and those that come."""
        self.passes = True
        self.end()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)

    async def stop(self) -> None:
        """Hold a request."""
        self._arrived.set()
        await self._over.wait()


class ApiProxy:
    """The running proxy; its methods may be called from any thread."""

    def __init__(self, server: str, tls: ssl.SSLContext, loop: asyncio.AbstractEventLoop) -> None:
        self.requests: list[Request] = []
        self._server = server
        self._tls = tls
        self.loop = loop
        self._holds: list[Hold] = []
        self._deaf: set[str] = set()
        self._watches: dict[str, list[web.StreamResponse]] = {}
        self._sockets: list[socket.socket] = []
        self._runner: web.ServerRunner | None = None
        self._port = 0

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    @contextmanager
    def hold(self, matches: Matches) -> Iterator[Hold]:
        """Hold such requests back until the context ends."""
        hold = Hold(matches, self.loop)
        self._holds.append(hold)
        try:
            yield hold
        finally:
            self._holds.remove(hold)
            hold.end()

    @contextmanager
    def away(self) -> Iterator[None]:
        """No API server answers until the context ends; what was open breaks."""
        self._in_loop(self.close())
        try:
            yield
        finally:
            self._in_loop(self.open())

    @contextmanager
    def deafen(self, plural: str) -> Iterator[None]:
        """Keep watches of a kind open, but let no event through."""
        self._deaf.add(plural)
        try:
            yield
        finally:
            self._deaf.discard(plural)

    def expire(self, plural: str) -> None:
        """Tell the watches of a kind that what they have seen is too old: they must begin anew."""
        self._in_loop(self._expire(plural))

    async def open(self) -> None:
        self._runner = web.ServerRunner(
            web.Server(self._answer, handler_cancellation=True), shutdown_timeout=BREAK_SECONDS
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self._port).start()
        self._port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        assert self._runner
        await self._runner.cleanup()

    async def hung_up(self) -> None:
        """Until no connection to the API server is open: of a request that was broken off, it outlives the request."""
        async with asyncio.timeout(WAIT_SECONDS):
            while any(one.fileno() != CLOSED for one in self._sockets):  # noqa: ASYNC110 - no transport tells its end
                await asyncio.sleep(BREAK_SECONDS)

    def _new_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, *_ = address
        one = socket.socket(family, kind, protocol)
        one.setblocking(False)
        self._sockets.append(one)
        return one

    def _in_loop(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_SECONDS)

    async def _expire(self, plural: str) -> None:
        for response in self._watches.pop(plural, []):
            with suppress(ConnectionError):
                await response.write(json.dumps(GONE).encode() + b"\n")

    async def _answer(self, asked: web.BaseRequest) -> web.StreamResponse:
        """Pass a request on, unless it is held."""
        request = Request(method=asked.method, path=asked.path, query=dict(asked.query))
        self.requests.append(request)
        for hold in [hold for hold in self._holds if not hold.passes and hold.matches(request)]:
            await hold.stop()
            if not hold.passes:
                raise ConnectionAbortedError("dropped")
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(socket_factory=self._new_socket), timeout=UNLIMITED
            ) as session,
            session.request(
                asked.method,
                f"{self._server}{asked.rel_url}",
                data=await asked.read() or None,
                headers=_passed_on(asked.headers),
                ssl=self._tls,
            ) as answered,
        ):
            try:
                return await self._pass_back(asked, request, answered)
            finally:
                _abort(answered)

    async def _pass_back(
        self, asked: web.BaseRequest, request: Request, answered: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=answered.status)
        response.content_type = answered.content_type
        await response.prepare(asked)
        if request.watch:
            self._watches.setdefault(request.plural, []).append(response)
        async for line in answered.content:
            if not (request.watch and request.plural in self._deaf):
                await response.write(line)
        await response.write_eof()
        return response


@contextmanager
def start_api_proxy(server: str, tls: ssl.SSLContext) -> Iterator[ApiProxy]:
    """A proxy to the API server at `server`, in a thread of its own."""
    started: Future[tuple[ApiProxy, asyncio.Event]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        proxy = ApiProxy(server, tls, asyncio.get_running_loop())
        await proxy.open()
        started.set_result((proxy, stop))
        await stop.wait()
        await proxy.close()
        await proxy.hung_up()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="api-proxy")
    thread.start()
    proxy, stop = started.result(WAIT_SECONDS)
    try:
        yield proxy
    finally:
        proxy.loop.call_soon_threadsafe(stop.set)
        thread.join(WAIT_SECONDS)


def _abort(answered: aiohttp.ClientResponse) -> None:
    """A watch that is broken off would wait for the other side's farewell, longer than the loop lives."""
    if answered.connection and answered.connection.transport:
        answered.connection.transport.abort()


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
    return kept | {"Accept-Encoding": "identity"}
