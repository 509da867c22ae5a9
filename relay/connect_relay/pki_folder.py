"""Where an authority keeps its key and what it has issued.

    ca/                       ca.crt  ca.key
    relay/                    ca.crt  tls.crt  tls.key
    realms/REALM/bridge/      the same
    realms/REALM/worker/      the same

Each folder below the authority's own is what a Secret of Kubernetes holds, and what cert-manager's Secrets look like.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from connect_protocol.relay.identity import Identity
from connect_relay.pki import Authority, Issued, PkiError, names_of

CA_CERTIFICATE, CA_KEY = "ca.crt", "ca.key"
TLS_CERTIFICATE, TLS_KEY = "tls.crt", "tls.key"
_SECRET_FILES = frozenset({CA_KEY, TLS_KEY})
_AUTHORITY = Path("ca")
RELAY = Path("relay")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A certificate that is kept here: in which folder, for which names, and until when (UTC)."""

    folder: str
    names: tuple[str, ...]
    serial: str
    not_before: datetime
    not_after: datetime


def folder_of(identity: Identity) -> Path:
    """Where the certificate of a bridge or worker is kept."""
    return Path("realms", identity.realm, identity.role)


class PkiFolder:
    """An authority's folder. What stands in it is never overwritten; a folder appears whole, or not at all.

    Every method raises PkiError, which names the file.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep_authority(self, authority: Authority) -> Path:
        """Keep a new authority; returns its folder."""
        return self._write(_AUTHORITY, {CA_CERTIFICATE: authority.pem, CA_KEY: authority.key_pem})

    def load_authority(self) -> Authority:
        """The authority that was kept here."""
        folder = self._root / _AUTHORITY
        if not folder.is_dir():
            raise PkiError(f"{self._root} holds no authority: make one with `connect-relay pki init {self._root}`")
        try:
            return Authority.load(_read(folder / CA_CERTIFICATE), _read(folder / CA_KEY))
        except PkiError as fault:
            raise PkiError(f"{folder}: {fault}") from fault

    def require_free(self, place: Path) -> None:
        """Raise if there is something already."""
        target = self._root / place
        if os.path.lexists(target):
            raise PkiError(f"{target} is there already, and is not overwritten: move it away first, or keep using it")

    def keep(self, place: Path, issued: Issued) -> Path:
        """Keep a certificate with its private key; returns its folder."""
        return self._write(place, {**_public(issued), TLS_KEY: issued.key})

    def keep_without_key(self, place: Path, issued: Issued) -> Path:
        """Keep a certificate whose private key has gone elsewhere."""
        return self._write(place, _public(issued))

    def list(self) -> tuple[Kept, ...]:
        """Every certificate that is kept here, the authority's own first."""
        self.load_authority()
        paths = [self._root / _AUTHORITY / CA_CERTIFICATE, *sorted(self._root.rglob(TLS_CERTIFICATE))]
        return tuple(_kept(path, str(path.parent.relative_to(self._root))) for path in paths)

    def _write(self, place: Path, files: Mapping[str, str]) -> Path:
        self.require_free(place)
        target = self._root / place
        with _named(target):
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
            try:
                for name, text in files.items():
                    _write_file(draft / name, text, mode=0o600 if name in _SECRET_FILES else 0o644)
                draft.rename(target)
            except BaseException:
                shutil.rmtree(draft)
                raise
            _sync(target.parent)
        return target


def _public(issued: Issued) -> dict[str, str]:
    return {TLS_CERTIFICATE: issued.certificate, CA_CERTIFICATE: issued.authority}


def _write_file(path: Path, text: str, *, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """So that a new name in a folder outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    with _named(path):
        return path.read_bytes()


def _kept(path: Path, folder: str) -> Kept:
    try:
        certificate = x509.load_pem_x509_certificate(_read(path))
    except ValueError as fault:
        raise PkiError(f"{path} is no certificate in PEM") from fault
    return Kept(
        folder=folder,
        names=names_of(certificate),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise PkiError(f"{fault.filename or path}: {fault.strerror}") from fault
