"""Doctor: every step of the bridge's way, from its own files to the relay and to each target; changes nothing."""

import asyncio
import stat
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509

from connect_relay.credentials import CERTIFICATE, KEY, bridge_identity, load_certificates
from connect_relay.errors import ConfigurationError
from connect_relay.examination import Area, Chapter, Step
from connect_relay.relay_check import Way, check_relay
from connect_relay.rpc import Certificates
from connect_relay.settings import BridgeSettings
from connect_relay.target_check import SOON_DAYS, check_target

_FOR_OTHERS = stat.S_IRWXO | stat.S_IWGRP
_OWN = Chapter(area=Area.CONFIGURATION, subject="this machine")


async def examine(settings: BridgeSettings, seconds: float) -> Sequence[Step]:
    """All that can be tried; what is behind a step that failed is left out. `seconds`: patience with each step."""
    targets = [check_target(target, settings.dial_seconds) for target in settings.targets]
    try:
        certificates = load_certificates(settings.tls)
        own = [_files(settings), _certificate(certificates)]
    except ConfigurationError as error:
        fault = _OWN.fault("certificate", error.what, error.todo)
        return [fault, *_flat(await asyncio.gather(*targets))]
    way = Way(settings=settings, certificates=certificates, seconds=seconds)
    relays = [check_relay(relay, way) for relay in settings.relays]
    return [*own, *_flat(await asyncio.gather(*relays, *targets))]


def _flat(chapters: Sequence[Sequence[Step]]) -> list[Step]:
    return [step for chapter in chapters for step in chapter]


def _files(settings: BridgeSettings) -> Step:
    mode = (settings.tls / KEY).stat().st_mode
    if mode & _FOR_OTHERS:
        found = f"others than its owner get at {settings.tls / KEY} (mode {stat.S_IMODE(mode):04o})"
        return _OWN.warning("files", found, f"chmod 600 {settings.tls / KEY}")
    return _OWN.well("files", f"{settings.tls} has certificate, key and authority, and the key is for its owner only")


def _certificate(certificates: Certificates) -> Step:
    """Raises ConfigurationError."""
    identity = bridge_identity(certificates)
    end = x509.load_pem_x509_certificate(certificates.certificate).not_valid_after_utc
    days = (end - datetime.now(UTC)).days
    found = f"{CERTIFICATE} makes this the bridge of {identity.realm}, until {end:%Y-%m-%d} ({days} days)"
    if days < SOON_DAYS:
        return _OWN.warning("certificate", found, "Ask whoever runs the relay for a new one in time")
    return _OWN.well("certificate", found)
