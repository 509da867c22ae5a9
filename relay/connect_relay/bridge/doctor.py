"""Doctor: every step of the bridge's way, from its own files to the relay and to each target; changes nothing."""

import asyncio
import stat
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from connect_relay.bridge import own_ssh_key
from connect_relay.bridge.examination import Area, Chapter, Step
from connect_relay.bridge.own_ssh_key import OwnSshKey
from connect_relay.bridge.process import required
from connect_relay.bridge.relay_check import GrpcWay, check_relay
from connect_relay.bridge.ssh_check import SshWay
from connect_relay.bridge.target_check import SOON_DAYS, check_target
from connect_relay.credentials import CERTIFICATE, KEY, bridge_identity, load_certificates
from connect_relay.errors import ConfigurationError
from connect_relay.rpc import Certificates
from connect_relay.settings import BridgeSettings, Transport

_FOR_OTHERS = stat.S_IRWXO | stat.S_IWGRP
_OWN = Chapter(area=Area.CONFIGURATION, subject="this machine")


async def examine(settings: BridgeSettings, seconds: float) -> Sequence[Step]:
    """All that can be tried; what is behind a step that failed is left out. `seconds`: patience with each step."""
    targets = [check_target(target, settings.dial_seconds) for target in settings.targets]
    own: list[Step] = []
    relays: list[Coroutine[None, None, list[Step]]] = []
    for transport in dict.fromkeys(relay.transport for relay in settings.relays):
        try:
            way, steps = _WAYS[transport](settings, seconds)
        except ConfigurationError as error:
            own.append(_OWN.fault(_PAPERS[transport], error.what, error.todo))
            continue
        own += steps
        relays += [check_relay(relay, way) for relay in settings.relays if relay.transport is transport]
    return [*own, *_flat(await asyncio.gather(*relays, *targets))]


def _by_grpc(settings: BridgeSettings, seconds: float) -> tuple[GrpcWay, list[Step]]:
    """Raises ConfigurationError."""
    folder = required(settings.tls, "--tls", settings.relays_by(Transport.GRPC))
    certificates = load_certificates(folder)
    way = GrpcWay(settings=settings, seconds=seconds, tls=folder, certificates=certificates)
    return way, [_files(folder), _certificate(certificates)]


def _by_ssh(settings: BridgeSettings, seconds: float) -> tuple[SshWay, list[Step]]:
    """Raises ConfigurationError."""
    found = settings.relays_by(Transport.SSH)
    folder = required(settings.ssh, "--ssh", found)
    login = OwnSshKey(folder, found).login
    return SshWay(settings=settings, seconds=seconds, login=login), [_ssh_files(folder)]


_WAYS: Mapping[Transport, Callable[[BridgeSettings, float], tuple[GrpcWay | SshWay, list[Step]]]] = {
    Transport.GRPC: _by_grpc,
    Transport.SSH: _by_ssh,
}
_PAPERS = {Transport.GRPC: "certificate", Transport.SSH: "SSH key"}


def _flat(chapters: Sequence[Sequence[Step]]) -> list[Step]:
    return [step for chapter in chapters for step in chapter]


def _files(folder: Path) -> Step:
    return _open_to_others(folder / KEY) or _OWN.well(
        "files", f"{folder} has certificate, key and authority, and the key is for its owner only"
    )


def _ssh_files(folder: Path) -> Step:
    return _open_to_others(folder / own_ssh_key.KEY) or _OWN.well(
        "SSH key", f"{folder} has key and known hosts, and the key is for its owner only"
    )


def _open_to_others(key: Path) -> Step | None:
    mode = key.stat().st_mode
    if not mode & _FOR_OTHERS:
        return None
    found = f"others than its owner get at {key} (mode {stat.S_IMODE(mode):04o})"
    return _OWN.warning("files", found, f"chmod 600 {key}")


def _certificate(certificates: Certificates) -> Step:
    """Raises ConfigurationError."""
    identity = bridge_identity(certificates)
    end = x509.load_pem_x509_certificate(certificates.certificate).not_valid_after_utc
    days = (end - datetime.now(UTC)).days
    found = f"{CERTIFICATE} makes this the bridge of {identity.realm}, until {end:%Y-%m-%d} ({days} days)"
    if days < SOON_DAYS:
        return _OWN.warning("certificate", found, "Ask whoever runs the relay for a new one in time")
    return _OWN.well("certificate", found)
