"""A proxy in front of an API server that holds requests, and spoils watches, as networks and servers do.

Clients come over plain HTTP on a loopback port and bring their own bearer tokens: who may do what is still decided by
the API server.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

WAIT_SECONDS = 30.0
END_SECONDS = 10.0
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host", "content-encoding"}
GONE = {"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "code": 410, "reason": "Expired"}}

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a client asks; `watch` says whether the answer is a stream of events."""

    method: str
    path: str
    watch: bool


Matches = Callable[[Request], bool]


@dataclass(kw_only=True, eq=False)
class Hold:
    """Requests that are held back before the API server hears of them."""

    matches: Matches
    arrived: threading.Event = field(default_factory=threading.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def wait(self) -> None:
        """Until the first such request is held."""
        assert self.arrived.wait(WAIT_SECONDS), "no such request came"


class ApiProxy:
    """The running proxy; its methods may be called from any thread."""

    def __init__(self, server: str, tls: ssl.SSLContext, loop: asyncio.AbstractEventLoop) -> None:
        self.requests: list[Request] = []
        self.address = ""
        self._server = server
        self._tls = tls
        self._loop = loop
        self._holds: list[Hold] = []
        self._deaf: set[str] = set()
        self._watches: dict[str, list[web.StreamResponse]] = {}

    @contextmanager
    def hold(self, matches: Matches) -> Iterator[Hold]:
        """Hold such requests back until the context ends."""
        hold = Hold(matches=matches)
        self._holds.append(hold)
        try:
            yield hold
        finally:
            self._holds.remove(hold)
            self._loop.call_soon_threadsafe(hold.released.set)

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
        asyncio.run_coroutine_threadsafe(self._expire(plural), self._loop).result(WAIT_SECONDS)

    async def _expire(self, plural: str) -> None:
        for response in self._watches.pop(plural, []):
            with suppress(ConnectionError):
                await response.write(json.dumps(GONE).encode() + b"\n")

    async def answer(self, asked: web.Request) -> web.StreamResponse:
        """Pass a request on, unless it is held."""
        request = Request(method=asked.method, path=asked.path, watch="watch" in asked.query)
        self.requests.append(request)
        for hold in [hold for hold in self._holds if hold.matches(request)]:
            hold.arrived.set()
            await hold.released.wait()
        body = await asked.read()
        headers = {name: value for name, value in asked.headers.items() if name.lower() not in HOP_BY_HOP}
        headers["Accept-Encoding"] = "identity"
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=10)) as session,
            session.request(
                asked.method, f"{self._server}{asked.rel_url}", data=body, headers=headers, ssl=self._tls
            ) as answered,
        ):
            return await self._pass_back(asked, request, answered)

    async def _pass_back(
        self, asked: web.Request, request: Request, answered: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=answered.status)
        response.content_type = answered.content_type
        await response.prepare(asked)
        plural = request.path.rpartition("/")[2]
        if request.watch:
            self._watches.setdefault(plural, []).append(response)
        async for line in answered.content:
            if not (request.watch and plural in self._deaf):
                await response.write(line)
        await response.write_eof()
        return response


@contextmanager
def start_api_proxy(server: str, tls: ssl.SSLContext) -> Iterator[ApiProxy]:
    """A proxy to the API server at `server`, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="api-proxy")
    thread.start()
    proxy = ApiProxy(server, tls, loop)
    runner = web.ServerRunner(web.Server(proxy.answer), shutdown_timeout=0)  # type: ignore[arg-type]
    try:
        _in(loop, _open(runner, proxy))
        yield proxy
    finally:
        _in(loop, _close(runner))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(END_SECONDS)
        loop.close()


async def _open(runner: web.ServerRunner, proxy: ApiProxy) -> None:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    proxy.address = f"http://{host}:{port}"


async def _close(runner: web.ServerRunner) -> None:
    await runner.cleanup()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _in(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, loop).result(WAIT_SECONDS)
