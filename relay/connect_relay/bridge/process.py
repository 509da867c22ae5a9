"""The bridge: in the customer's network, it stays connected to the relays, and opens what is on its list."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from connect_relay.bridge import relays
from connect_relay.bridge.grpc_attachment import GrpcCaller
from connect_relay.bridge.own_certificates import OwnCertificates
from connect_relay.bridge.own_ssh_key import OwnSshKey
from connect_relay.bridge.relays import Pace, resolve_behind, stay_connected
from connect_relay.bridge.service_manager import Presence, ServiceManager
from connect_relay.bridge.ssh_attachment import SshCaller
from connect_relay.errors import ConfigurationError
from connect_relay.settings import Address, BridgeSettings, RelayPlace, Transport


class Caller(Protocol):
    """Attaches the bridge to relays of one transport."""

    @property
    def realm(self) -> str:
        """Whose bridge this is, if that stands in what it shows to relays; else empty."""

    def attach(self, place: RelayPlace, tasks: asyncio.TaskGroup, presence: Presence) -> relays.Attachment:
        """A new attachment, which has not begun; `tasks` are for the connections through it."""

    async def keep_looking(self) -> None:
        """Take note of new certificates or keys, until cancelled or there is nothing to look at."""


def callers_of(settings: BridgeSettings) -> Mapping[Transport, Caller]:
    """A caller for each transport that a relay speaks. Raises ConfigurationError."""
    callers: dict[Transport, Caller] = {}
    if settings.relays_by(Transport.GRPC):
        tls = required(settings.tls, "--tls", settings.relays_by(Transport.GRPC))
        callers[Transport.GRPC] = GrpcCaller(settings, OwnCertificates(tls))
    if found := settings.relays_by(Transport.SSH):
        callers[Transport.SSH] = SshCaller(settings, OwnSshKey(required(settings.ssh, "--ssh", found), found))
    return callers


def required(folder: Path | None, option: str, relays: Sequence[Address]) -> Path:
    """The folder without which these relays cannot be called. Raises ConfigurationError."""
    if folder is None:
        names = ", ".join(map(str, relays))
        raise ConfigurationError(f"{option} is not given, and {names} needs it", todo="Name the folder that was issued")
    return folder


async def run(settings: BridgeSettings, callers: Mapping[Transport, Caller]) -> None:
    """Stay connected to every relay until cancelled; there is a caller for the transport of each."""
    manager = ServiceManager(os.environ)
    presence = Presence(manager, settings.relays)
    presence.ready()
    async with asyncio.TaskGroup() as connections:
        connections.create_task(manager.live())

        def attach(place: RelayPlace) -> relays.Attachment:
            return callers[place.relay.transport].attach(place, connections, presence)

        for caller in callers.values():
            connections.create_task(caller.keep_looking())
        pace = Pace(longest_pause=settings.longest_pause_seconds)
        await stay_connected(settings.relays, attach, pace, resolve_behind(settings.proxy))
