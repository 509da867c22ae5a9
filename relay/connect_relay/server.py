"""The relay as a whole: its two ports, what happens on each call, and how it goes down."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import metadata

import structlog
from prometheus_client import ProcessCollector

from connect_protocol.relay import service
from connect_protocol.relay.pump import FrameStream
from connect_relay import audit
from connect_relay.accounts import NOBODY
from connect_relay.admin import open_admin
from connect_relay.attachment import attach
from connect_relay.audit import Attempt, Caller, Kind
from connect_relay.credentials import load_certificates
from connect_relay.errors import AbortedError, RefusedError
from connect_relay.handshake_audit import handshakes_audited
from connect_relay.metrics import Metrics
from connect_relay.mounted import MountedFiles
from connect_relay.realm_metrics import RealmCollector
from connect_relay.reloading import Source, Watched, keep_looking
from connect_relay.rpc import Handler, Server
from connect_relay.settings import Limits, RelaySettings
from connect_relay.slots import Slots
from connect_relay.ssh.server import SshServer
from connect_relay.switchboard import Switchboard
from connect_relay.visit import visit

log = structlog.stdlib.get_logger()

_KINDS = {
    service.CONNECT: Kind.CONNECT,
    service.SERVE: Kind.SERVE,
    service.ATTACH: Kind.ATTACH,
    service.VISIT: Kind.VISIT,
}
STOP_SECONDS = 5.0
"""For calls that have been told their end to take note of it."""
VERSION = metadata.version("connect")


@dataclass(frozen=True, kw_only=True, slots=True)
class Relay:
    """A relay that runs; ports as they were given or found."""

    port: int
    admin_port: int
    ssh_port: int | None
    switchboard: Switchboard


async def serve(settings: RelaySettings) -> None:
    """Run a relay until SIGTERM or SIGINT. Raises RelayError if it cannot start."""
    stop = asyncio.Event()
    metrics = Metrics(most_realms=settings.limits.realms)
    with _signals(stop), handshakes_audited(metrics):
        async with running(settings, metrics) as relay:
            log.info(
                "relay runs",
                port=relay.port,
                admin_port=relay.admin_port,
                ssh_port=relay.ssh_port,
                version=VERSION,
            )
            await stop.wait()
            log.info("relay goes down", connections=relay.switchboard.connections.taken)
    log.info("relay has gone down")


@asynccontextmanager
async def running(settings: RelaySettings, metrics: Metrics | None = None) -> AsyncIterator[Relay]:
    """Within: a relay that runs; in the end, it goes down in order. Raises RelayError if it cannot start."""
    certificates = load_certificates(settings.tls)
    metrics = Metrics(most_realms=settings.limits.realms) if metrics is None else metrics
    switchboard = Switchboard(settings.limits, settings.times, metrics)
    watch(metrics, switchboard)
    handlers = _handlers(switchboard, settings, metrics)
    server = Server(
        _bounded(handlers, switchboard, settings.limits),
        certificates,
        limits=settings.limits,
        times=settings.times,
    )
    ssh = _ssh(settings, switchboard, handlers)
    sources = _sources(settings, MountedFiles(server, switchboard.admission, metrics), ssh)
    watched = [Watched(source) for source in sources]

    def look() -> None:
        for each in watched:
            if (result := each.look()) is not None:
                metrics.reloaded(each.source.name, result)
        switchboard.dismiss_expired()

    watching = asyncio.create_task(keep_looking(look, settings.times.reload))
    async with AsyncExitStack() as ending:
        ending.callback(watching.cancel)
        admin = await open_admin(settings.admin, switchboard, metrics)
        ending.push_async_callback(admin.close)
        ending.push_async_callback(server.stop, STOP_SECONDS)
        port = await server.start(settings.listen)
        ssh_port = None
        if ssh is not None:
            ending.push_async_callback(ssh.stop, STOP_SECONDS)
            ssh_port = await ssh.start()
        ending.push_async_callback(switchboard.drain)
        if ssh is not None:
            ending.callback(ssh.close)
        yield Relay(port=port, admin_port=admin.port, ssh_port=ssh_port, switchboard=switchboard)


def _ssh(settings: RelaySettings, switchboard: Switchboard, handlers: Mapping[str, Handler]) -> SshServer | None:
    if settings.ssh is None:
        return None
    return SshServer(
        settings.ssh,
        settings.limits,
        settings.times,
        switchboard=switchboard,
        connect=handlers[service.CONNECT],
        serve=handlers[service.SERVE],
    )


def _sources(settings: RelaySettings, mounted: MountedFiles, ssh: SshServer | None) -> list[Source]:
    """In this order: the list of revoked certificates is verified by the authorities."""
    lists = [] if settings.crl is None else [mounted.revocations(settings.crl)]
    keys = [] if ssh is None else [ssh.keys()]
    return [mounted.certificates(settings.tls), *lists, *keys]


def watch(metrics: Metrics, switchboard: Switchboard) -> None:
    """Show what the relay holds now."""
    registry = switchboard.registry
    metrics.watch("bridges", "Bridges that are attached now.", lambda: len(registry.bridges))
    description = "Realms that have had a bridge since the relay started, and have none now."
    metrics.watch("realms_absent", description, lambda: len(registry.absent))
    metrics.watch("connections", "Connections that are open now.", lambda: switchboard.connections.taken)
    metrics.watch("dials_under_way", "Dials of workers that are under way now.", lambda: switchboard.dials.taken)
    metrics.watch("dials_waiting", "Dials of workers that wait for an absent bridge.", lambda: switchboard.waits.taken)
    description = "SSH connections that have logged in."
    slots = switchboard.ssh_connections.values()
    metrics.watch("ssh_connections", description, lambda: sum(each.taken for each in slots))
    metrics.watch("tasks", "Tasks of the relay's event loop.", lambda: len(asyncio.all_tasks()))
    metrics.collect(RealmCollector(switchboard))
    metrics.collect(ProcessCollector(registry=None))


def _handlers(switchboard: Switchboard, settings: RelaySettings, metrics: Metrics) -> dict[str, Handler]:
    async def on_connect(stream: FrameStream, caller: Caller) -> None:
        attempt = Attempt(kind=Kind.CONNECT, caller=caller)
        try:
            await switchboard.connect(stream, attempt)
        finally:
            metrics.over(attempt)
            audit.write(attempt)

    async def on_serve(stream: FrameStream, caller: Caller) -> None:
        attempt = Attempt(kind=Kind.SERVE, caller=caller)
        try:
            await switchboard.serve(stream, attempt)
        finally:
            if attempt.reset is not None:
                audit.write(attempt)

    async def on_attach(stream: FrameStream, caller: Caller) -> None:
        await attach(stream, switchboard, settings.times, caller, VERSION)

    async def on_visit(stream: FrameStream, caller: Caller) -> None:
        await visit(stream, switchboard, settings.times, caller, VERSION)

    return {
        service.CONNECT: on_connect,
        service.SERVE: on_serve,
        service.ATTACH: on_attach,
        service.VISIT: on_visit,
    }


def _bounded(handlers: Mapping[str, Handler], switchboard: Switchboard, limits: Limits) -> Mapping[str, Handler]:
    """The same, but no realm has more calls under way than it can need, whatever its callers do or leave undone."""
    calls = Slots("calls", limit=limits.calls, limit_per_realm=limits.calls_per_realm)

    def bounded(handler: Handler, kind: Kind) -> Handler:
        async def serve(stream: FrameStream, caller: Caller) -> None:
            with ExitStack() as until_over:
                try:
                    until_over.enter_context(calls.taken_by(caller.realm or NOBODY))
                except RefusedError as error:
                    attempt = Attempt(kind=kind, caller=caller)
                    switchboard.refused(attempt, error)
                    audit.write_refused(attempt)
                    raise AbortedError(str(error)) from error
                await handler(stream, caller)

        return serve

    return {method: bounded(handler, _KINDS[method]) for method, handler in handlers.items()}


@contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    """Within: SIGTERM and SIGINT set `stop`."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
