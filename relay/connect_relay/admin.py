"""The relay's second port, plain HTTP inside the cluster: health, readiness, metrics, and who is there."""

from dataclasses import dataclass

from aiohttp import web

from connect_relay.errors import AddressInUseError
from connect_relay.metrics import Metrics
from connect_relay.settings import Address
from connect_relay.switchboard import Switchboard

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Admin:
    """The port, while it is open."""

    runner: web.AppRunner
    port: int

    async def close(self) -> None:
        """Close it."""
        await self.runner.cleanup()


async def open_admin(listen: Address, switchboard: Switchboard, metrics: Metrics) -> Admin:
    """Listen. Raises AddressInUseError."""
    runner = web.AppRunner(_application(switchboard, metrics), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, listen.host, listen.port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise AddressInUseError(f"nobody can listen on {listen} for HTTP: {error.strerror}") from error
    return Admin(runner=runner, port=runner.addresses[0][1])


def _application(switchboard: Switchboard, metrics: Metrics) -> web.Application:
    async def health(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readiness(_request: web.Request) -> web.Response:
        if switchboard.draining:
            return web.Response(status=503, text="going down\n")
        return web.Response(text="ready\n")

    async def numbers(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": _METRICS_TYPE})

    async def bridges(_request: web.Request) -> web.Response:
        return web.json_response(_bridges(switchboard))

    application = web.Application()
    application.add_routes(
        [
            web.get("/healthz", health),
            web.get("/readyz", readiness),
            web.get("/metrics", numbers),
            web.get("/bridges", bridges),
        ]
    )
    return application


def _bridges(switchboard: Switchboard) -> dict[str, list[dict[str, object]]]:
    registry = switchboard.registry
    return {
        "bridges": [
            {
                "realm": bridge.realm,
                "since": bridge.since.isoformat(timespec="seconds"),
                "version": bridge.version,
                "transport": bridge.transport.value,
                "targets": list(bridge.targets),
                "certificateEnd": None
                if bridge.certificate_end is None
                else bridge.certificate_end.isoformat(timespec="seconds"),
            }
            for bridge in registry.bridges
        ],
        "absent": [
            {"realm": absence.realm, "since": absence.since.isoformat(timespec="seconds")}
            for absence in registry.absent
        ],
    }
