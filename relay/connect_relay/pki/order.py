"""What `connect-relay pki` was told to make, and how it is handed out: as files, or as a Secret of Kubernetes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click

from connect_protocol.relay.identity import Identity
from connect_relay.pki.certificates import Subject
from connect_relay.pki.files import Files, public
from connect_relay.pki.folder import CA_CERTIFICATE, TLS_CERTIFICATE, TLS_KEY, PkiFolder, files_of
from connect_relay.pki.options import SECRET, current_time, secret
from connect_relay.pki.ssh import CLIENT_KEY, CLIENT_KNOWN_HOSTS, KeyPair, SshFolder

Keep = Callable[[Files], Path]
"""Puts files where they belong below an authority's folder, and returns theirs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Where the authority is, how long a certificate shall be valid, and what to make of it."""

    folder: Path
    days: int
    form: str
    secret_name: str

    def issue(self, subject: Subject, keep: Keep) -> None:
        """A certificate by the authority. Raises PkiError."""
        authority = PkiFolder(self.folder).load_authority()
        issued = authority.issue(subject, timedelta(days=self.days), current_time())
        words = f"{TLS_CERTIFICATE}, {TLS_KEY} and {CA_CERTIFICATE}, valid for {self.days} days."
        self._hand_out(files_of(issued), keep, words)

    def hand_out_key(self, pair: KeyPair, keep: Keep) -> None:
        """An SSH key. Raises PkiError."""
        words = f"{CLIENT_KEY} and {CLIENT_KNOWN_HOSTS}; the relay's authorized_keys lets it in."
        self._hand_out(SshFolder(self.folder).files_of(pair), keep, words)

    def _hand_out(self, files: Files, keep: Keep, words: str) -> None:
        """Of what goes to stdout as a Secret, the private key is written nowhere else."""
        if self.form == SECRET:
            keep(public(files))
            click.echo(secret(self.secret_name, files), nl=False)
        else:
            click.echo(f"{keep(files)} holds {words}")


def relay_secret() -> str:
    """What the relay's Secret is called, unless somebody says otherwise."""
    return "connect-relay"


def client_secret(identity: Identity, *, ssh: bool) -> str:
    """The same of a bridge's or worker's."""
    return f"{identity.realm}-relay{'-ssh' if ssh else ''}"
