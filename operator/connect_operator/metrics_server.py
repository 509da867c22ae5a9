"""Serves /metrics."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

SHUTDOWN_SECONDS = 1.0


@asynccontextmanager
async def serve_metrics(
    registry: CollectorRegistry, further: Callable[[], Awaitable[bytes]], port: int
) -> AsyncIterator[None]:
    """Answer with the registry's metrics and further ones on a port, as long as the context lasts."""

    async def metrics(_: web.Request) -> web.Response:
        body = generate_latest(registry) + await further()
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield
    finally:
        await runner.cleanup()
