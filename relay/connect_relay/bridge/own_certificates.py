"""A bridge's own certificate, as it stands in its folder now: renewed there, it is used without a restart."""

import asyncio
from pathlib import Path

import structlog

from connect_protocol.relay.identity import Identity
from connect_relay.credentials import CA, CERTIFICATE, KEY, bridge_identity, end_of, load_certificates
from connect_relay.errors import ConfigurationError
from connect_relay.reloading import Source, Watched, keep_looking
from connect_relay.rpc import Certificates
from connect_relay.trust import ends_soon, moment

log = structlog.stdlib.get_logger()

LOOK_SECONDS = 2.0


class OwnCertificates:
    """What a bridge shows to relays."""

    identity: Identity
    current: Certificates

    def __init__(self, folder: Path) -> None:
        """Raises ConfigurationError for files that cannot be used, or are no bridge's."""
        self._folder = folder
        self.renewed = asyncio.Event()
        self.identity = bridge_identity(load_certificates(folder))
        self._watched = Watched(
            Source(name="tls", files=tuple(folder / name for name in (CERTIFICATE, KEY, CA)), load=self._load)
        )

    def look(self) -> None:
        """Load what has changed. `renewed` is set then, and there is a new one for the next time."""
        self._watched.look()

    async def keep_looking(self) -> None:
        """Look again and again, until cancelled."""
        await keep_looking(self.look, LOOK_SECONDS)

    def _load(self) -> None:
        certificates = load_certificates(self._folder)
        if (identity := bridge_identity(certificates)) != self.identity:
            raise ConfigurationError(
                f"{CERTIFICATE} names {identity.uri} now", todo="Restart the bridge if it shall serve another realm"
            )
        self.current = certificates
        if ends_soon(end := end_of(certificates)):
            log.warning("ends soon", whose="bridge", end=moment(end))
        renewed, self.renewed = self.renewed, asyncio.Event()
        renewed.set()
