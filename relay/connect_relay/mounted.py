"""The files that a relay is given, put to use: at its start, and again whenever they change."""

from datetime import datetime
from pathlib import Path

import structlog

from connect_relay.admission import Admission
from connect_relay.credentials import CA, CERTIFICATE, KEY, authorities_of, end_of, load_certificates
from connect_relay.metrics import Metrics
from connect_relay.reloading import Source
from connect_relay.revocations import load_revocations
from connect_relay.rpc import Server
from connect_relay.trust import ends_soon, moment

log = structlog.stdlib.get_logger()


class MountedFiles:
    """What belongs to whom in the relay."""

    def __init__(self, server: Server, admission: Admission, metrics: Metrics) -> None:
        self._server = server
        self._admission = admission
        self._metrics = metrics

    def certificates(self, folder: Path) -> Source:
        """The relay's own certificate, and the authorities of bridges and workers."""

        def load() -> None:
            certificates = load_certificates(folder)
            authorities = authorities_of(certificates)
            self._server.renew(certificates)
            self._admission.believe(self._admission.trust.with_authorities(authorities))
            self._note("relay", end_of(certificates))
            self._note("authority", min(authority.not_valid_after_utc for authority in authorities))

        return Source(name="tls", files=tuple(folder / name for name in (CERTIFICATE, KEY, CA)), load=load)

    def revocations(self, path: Path) -> Source:
        """The list of revoked certificates, which one of the authorities of now must have signed."""

        def load() -> None:
            trust = self._admission.trust
            revocations = load_revocations(path, trust.authorities)
            self._admission.believe(trust.with_revocations(revocations))
            if revocations.next_update is not None:
                self._note("crl", revocations.next_update)

        return Source(name="crl", files=(path,), load=load)

    def _note(self, whose: str, end: datetime) -> None:
        self._metrics.ends_at(whose, end)
        if ends_soon(end):
            log.warning("ends soon", whose=whose, end=moment(end))
