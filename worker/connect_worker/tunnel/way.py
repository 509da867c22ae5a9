"""How a run reaches its servers: directly, or through the relay where one is configured."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

from connect_worker.errors import ConnectError, ConnectionFailedError
from connect_worker.settings import GrpcRelay, JumpHost, RelaySettings, Settings, SshRelay
from connect_worker.tunnel.any_relay import AnyRelay
from connect_worker.tunnel.base import UNREACHABLE, Target
from connect_worker.tunnel.listener import Listener
from connect_worker.tunnel.ssh_routes import JumpHostRoute, RelayRoute, Route, goals_of

RELAY_USER = "connect"
"""Nobody looks at it: to the relay, the key says who one is."""


class Way:
    """The settings to dial with, and what is known of the relay between; without a relay there is nothing between."""

    def __init__(self, settings: Settings, listeners: Sequence[Listener], wait: timedelta) -> None:
        """`settings`: those of the run; `listeners` stand for the servers that the relay leads to.

        `wait`: how long to wait for a bridge that is not there.
        """
        self.settings = _through({listener.target: listener.port for listener in listeners}, settings)
        self._listeners = listeners
        self._wait = wait
        self._explained: ConnectError | None = None

    async def probe(self) -> None:
        """Reach every target once, before anybody depends on it. Raises as `Tunnel` does."""
        for listener in self._listeners:
            await listener.probe(wait=self._wait)

    async def examine(self) -> dict[Target, ConnectError | None]:
        """Reach every target once, without waiting for a bridge; what went wrong with each."""
        return {listener.target: await _failure(listener) for listener in self._listeners}

    @asynccontextmanager
    async def explaining(self) -> AsyncIterator[None]:
        """Within: a connection that broke because the tunnel did ends with what the tunnel knows of it."""
        try:
            yield
        except ConnectionFailedError as broken:
            if broken is not self._explained:
                self._explained = await self._explanation(broken)
            if broken is self._explained:
                raise
            raise self._explained from broken

    async def _explanation(self, broken: ConnectionFailedError) -> ConnectError:
        for listener in self._listeners:
            if UNREACHABLE[listener.target] == broken.reason and (known := await listener.explanation()):
                return known
        return broken


@asynccontextmanager
async def open_way(settings: Settings) -> AsyncIterator[Way]:
    """Make ready the tunnel, if the settings name a relay; nobody is asked for anything yet."""
    if settings.relay is None:
        yield Way(settings, (), wait=timedelta())
        return
    async with AsyncExitStack() as stack:
        tunnel = await stack.enter_async_context(_any_relay(settings, settings.relay))
        needed = _targets(settings)
        listeners = [await stack.enter_async_context(Listener(tunnel, target)) for target in needed]
        yield Way(settings, listeners, settings.relay.wait)


def _any_relay(settings: Settings, relay: RelaySettings) -> AnyRelay:
    """The tunnel; what speaks its language is loaded now, for it takes a fifth of the time that a command starts in."""
    match relay:
        case GrpcRelay():
            from connect_worker.tunnel.grpc_client import GrpcTunnel

            return AnyRelay(relay.addresses, partial(GrpcTunnel, relay, settings.realm))
        case SshRelay():
            return _by_ssh(relay, RelayRoute(realm=settings.realm), user=RELAY_USER)
        case JumpHost():
            return _by_ssh(relay, JumpHostRoute(goals=goals_of(settings), user=relay.user), user=relay.user)


def _by_ssh(relay: SshRelay | JumpHost, route: Route, *, user: str) -> AnyRelay:
    from connect_ssh.client import Login
    from connect_worker.tunnel.ssh_client import SshTunnel

    login = Login(user=user, key=relay.key.reveal(), known_hosts=relay.known_hosts)
    through = partial(SshTunnel, route, login, keepalive=relay.heartbeat.total_seconds())
    return AnyRelay(relay.addresses, through, unreachable=route.unreachable)


def _targets(settings: Settings) -> list[Target]:
    if settings.directory is None:
        return [Target.DATABASE]
    catalog = [Target.CATALOG] if settings.directory.global_catalog_url is not None else []
    return [Target.DATABASE, Target.DIRECTORY, *catalog]


def _through(ports: dict[Target, int], settings: Settings) -> Settings:
    database, directory = settings.database, settings.directory
    if directory is not None:
        directory = replace(directory, tunnel_port=ports.get(Target.DIRECTORY), catalog_port=ports.get(Target.CATALOG))
    return replace(settings, database=replace(database, tunnel_port=ports.get(Target.DATABASE)), directory=directory)


async def _failure(listener: Listener) -> ConnectError | None:
    try:
        await listener.probe(wait=timedelta())
    except ConnectError as failure:
        return failure
    return None
