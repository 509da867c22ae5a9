"""Where an authority keeps its key, what it has issued, and what it has revoked.

    ca/                       ca.crt  ca.key  crl.pem  revoked
    relay/                    ca.crt  tls.crt  tls.key
    realms/REALM/bridge/      the same
    realms/REALM/worker/      the same
    superseded/…/             SERIAL.crt of each certificate that was renewed
    ssh/                      see ssh.py

relay and realms/…/… each are what a Secret of Kubernetes holds, and what cert-manager's Secrets look like.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from connect_protocol.relay.identity import Identity
from connect_relay.pki.certificates import LIST_PERIOD, Authority, Issued, PkiError, Revoked, names_of, parse_serial
from connect_relay.pki.files import DRAFT, Files, read, replace_file, replace_folder, require_free, write_folder

CA_CERTIFICATE, CA_KEY = "ca.crt", "ca.key"
TLS_CERTIFICATE, TLS_KEY = "tls.crt", "tls.key"
LIST = "crl.pem"
_AUTHORITY = Path("ca")
_RECORD = _AUTHORITY / "revoked"
_SUPERSEDED = "superseded"
RELAY = Path("relay")
_PUT_BACK = "put it back from a backup of this folder"


class State(StrEnum):
    """What a certificate is good for."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    """There is a newer one; this one is valid all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A certificate that is known here: in which folder, for which names, and until when (UTC)."""

    folder: str
    names: tuple[str, ...]
    serial: int
    not_before: datetime
    not_after: datetime
    superseded: bool
    revoked: datetime | None

    def state(self, now: datetime) -> State:
        """What it is good for."""
        if self.revoked is not None:
            return State.REVOKED
        if self.not_after <= now:
            return State.EXPIRED
        return State.SUPERSEDED if self.superseded else State.VALID


@dataclass(frozen=True, kw_only=True, slots=True)
class RevocationList:
    """The list as it was signed last: how many it names, and when the next one is due (UTC)."""

    entries: int
    next_update: datetime


def folder_of(identity: Identity) -> Path:
    """Where the certificate of a bridge or worker is kept."""
    return Path("realms", identity.realm, identity.role)


def files_of(issued: Issued) -> Files:
    """What the owner of a certificate needs."""
    return {CA_CERTIFICATE: issued.authority, TLS_CERTIFICATE: issued.certificate, TLS_KEY: issued.key}


class PkiFolder:
    """An authority's folder. Nothing in it is overwritten unasked; a folder appears whole, or not at all.

    Every method raises PkiError, which names the file.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Within: nobody else changes anything here, lest one forget what the other has revoked."""
        self._require_authority()
        descriptor = os.open(self._root / _AUTHORITY, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as fault:
            raise PkiError(f"{self._root}: another command is at work here: wait until it is done") from fault
        finally:
            os.close(descriptor)

    # The authority

    def keep_authority(self, authority: Authority) -> Path:
        """Keep a new authority, with a list that revokes nothing; returns its folder."""
        return write_folder(
            self._root / _AUTHORITY,
            {
                CA_CERTIFICATE: authority.pem,
                CA_KEY: authority.key_pem,
                LIST: authority.revoke((), LIST_PERIOD, datetime.now(UTC)),
            },
        )

    def load_authority(self) -> Authority:
        """The authority that was kept here."""
        self._require_authority()
        folder = self._root / _AUTHORITY
        try:
            return Authority.load(read(folder / CA_CERTIFICATE), read(folder / CA_KEY))
        except PkiError as fault:
            raise PkiError(f"{folder}: {fault}: {_PUT_BACK}") from fault

    def _require_authority(self) -> None:
        if not (self._root / _AUTHORITY).is_dir():
            raise PkiError(f"{self._root} holds no authority: make one with `connect-relay pki init {self._root}`")

    # What it has issued

    def require_free(self, place: Path) -> None:
        """Raise if there is something already."""
        require_free(self._root / place)

    def keep(self, place: Path, files: Files) -> Path:
        """Keep a certificate's files; returns their folder."""
        return write_folder(self._root / place, files)

    def replace(self, place: Path, files: Files) -> Path:
        """Keep a certificate's files in place of those that are there."""
        self._remember(place)
        return replace_folder(self._root / place, files)

    def _remember(self, place: Path) -> None:
        """Keep the certificate that is about to be replaced: while it is valid, it may have to be revoked."""
        content = read(self._root / place / TLS_CERTIFICATE)
        serial = _parsed(self._root / place / TLS_CERTIFICATE).serial_number
        replace_file(self._root / _SUPERSEDED / place / f"{serial:x}.crt", content.decode())

    def current(self, place: Path) -> Kept:
        """The certificate in this folder."""
        path = self._root / place / TLS_CERTIFICATE
        if not path.exists():
            raise PkiError(f"{self._root / place} holds no certificate: `connect-relay pki` can issue one")
        return _kept(path, place, self._revoked_since(), superseded=False)

    def list(self) -> tuple[Kept, ...]:
        """Every certificate that is known here, the authority's own first, those of before after the one of now."""
        self.load_authority()
        paths = [self._root / _AUTHORITY / CA_CERTIFICATE, *self._root.rglob(TLS_CERTIFICATE)]
        since = self._revoked_since()
        now = [_kept(path, self._place(path), since, superseded=False) for path in paths if not _is_draft(path)]
        serials = {kept.serial for kept in now}
        before = [
            _kept(path, self._place(path).relative_to(_SUPERSEDED), since, superseded=True)
            for path in (self._root / _SUPERSEDED).rglob("*.crt")
        ]
        all_of_them = [*now, *(kept for kept in before if kept.serial not in serials)]
        return tuple(sorted(all_of_them, key=lambda kept: (kept.folder, kept.superseded, kept.not_before)))

    def _place(self, path: Path) -> Path:
        return path.parent.relative_to(self._root)

    def _revoked_since(self) -> dict[int, datetime]:
        return {revoked.serial: revoked.since for revoked in self.revoked()}

    # What it has revoked

    def revoked(self) -> tuple[Revoked, ...]:
        """Every certificate that is revoked, in the order in which it was."""
        path = self._root / _RECORD
        if not path.exists():
            return ()
        try:
            return tuple(_revoked(line) for line in read(path).decode().splitlines())
        except ValueError as fault:
            raise PkiError(
                f"{path} is damaged: each line should be a serial number, a time and a folder: {_PUT_BACK}, or mend "
                "the line; without it, what it has revoked would be let in again"
            ) from fault

    def revoke(self, serial: int, place: Path, now: datetime) -> None:
        """Note that a certificate is revoked, unless it is already. The list has to be signed then."""
        if serial in {revoked.serial for revoked in self.revoked()}:
            return
        path = self._root / _RECORD
        before = read(path).decode() if path.exists() else ""
        replace_file(path, f"{before}{serial:x} {now.isoformat(timespec='seconds')} {place}\n")

    def sign_list(self, period: timedelta, now: datetime) -> str:
        """Sign the list of what is revoked, and keep it; returns it in PEM."""
        text = self.load_authority().revoke(self.revoked(), period, now)
        replace_file(self._root / _AUTHORITY / LIST, text)
        return text

    def revocation_list(self) -> RevocationList | None:
        """The list as it was signed last; None if it never was."""
        path = self._root / _AUTHORITY / LIST
        if not path.exists():
            return None
        try:
            signed = x509.load_pem_x509_crl(read(path))
        except ValueError as fault:
            raise PkiError(f"{path} is damaged: sign it anew with `connect-relay pki crl {self._root}`") from fault
        return RevocationList(
            entries=len(signed), next_update=signed.next_update_utc or datetime.max.replace(tzinfo=UTC)
        )


def _kept(path: Path, place: Path, revoked_since: Mapping[int, datetime], *, superseded: bool) -> Kept:
    certificate = _parsed(path)
    return Kept(
        folder=str(place),
        names=names_of(certificate),
        serial=certificate.serial_number,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        superseded=superseded,
        revoked=revoked_since.get(certificate.serial_number),
    )


def _parsed(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(read(path))
    except ValueError as fault:
        raise PkiError(
            f"{path} is no certificate in PEM: {_PUT_BACK}, or move its folder out of here and issue it anew"
        ) from fault


def _revoked(line: str) -> Revoked:
    serial, since, _place = line.split(" ", 2)
    return Revoked(serial=parse_serial(serial), since=datetime.fromisoformat(since))


def _is_draft(path: Path) -> bool:
    return any(part.startswith(DRAFT) for part in path.parts)
