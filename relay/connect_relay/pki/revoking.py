"""`connect-relay pki revoke | crl`: who is let in no more, and the list that tells the relay."""

from datetime import timedelta
from pathlib import Path

import click

from connect_protocol.relay.identity import Identity
from connect_relay.authorized_keys import AuthorizedKey
from connect_relay.pki.certificates import LIST_PERIOD, PkiError, parse_serial
from connect_relay.pki.folder import LIST, Kept, PkiFolder, State, folder_of
from connect_relay.pki.options import (
    DAYS,
    ROLE,
    SECRET,
    current_time,
    examples,
    folder_argument,
    identity_of,
    realm_argument,
    secret,
    told,
)
from connect_relay.pki.ssh import SshFolder


@click.command(
    short_help="Revoke certificates and SSH keys of a realm.",
    epilog=examples(
        "revoke pki musterwil bridge",
        "revoke pki musterwil bridge --serial 4f0c…",
        "revoke pki musterwil worker --key SHA256:…",
    ),
)
@folder_argument
@realm_argument
@click.argument("role", type=ROLE, metavar="bridge|worker")
@click.option("--serial", metavar="HEX", help="Only this certificate, such as one that was renewed since.")
@click.option("--key", metavar="SHA256:…", help="Only this SSH key.")
def revoke(folder: Path, realm: str, role: str, serial: str | None, key: str | None) -> None:
    """Revoke REALM's certificate and SSH keys, or one of them, and sign the list anew.

    Give the relay the list and authorized_keys: it cuts off at once whoever is revoked. To let the same bridge or
    worker in again, renew.
    """
    with told(), PkiFolder(folder).alone():
        identity = identity_of(realm, role)
        if serial is not None and key is not None:
            raise PkiError("--serial or --key: revoke one after the other, or leave both away and revoke all")
        certificates = [] if key is not None else _certificates(folder, identity, serial)
        keys = [] if serial is not None else _keys(folder, identity, key)
        if not certificates and not keys:
            raise PkiError(f"{folder} holds no certificate and no SSH key of {identity.uri}")
        _revoke_certificates(folder, identity, certificates)
        _revoke_keys(folder, keys)
        _tell_others(folder, identity)


@click.command(epilog=examples("crl pki", "crl pki --output secret | kubectl --namespace connect apply --filename -"))
@folder_argument
@click.option(
    "--days",
    type=DAYS,
    default=LIST_PERIOD.days,
    show_default=True,
    help="Until the next one should have been signed; the relay warns before, and uses the old one all the same.",
)
@click.option(
    "--output",
    "form",
    type=click.Choice(["files", SECRET]),
    default="files",
    show_default=True,
    help="DIR/ca/crl.pem alone, or a Secret of Kubernetes on stdout besides.",
)
@click.option("--secret-name", default="connect-relay-crl", show_default=True, help="The Secret's name.")
def crl(folder: Path, days: int, form: str, secret_name: str) -> None:
    """Sign the list of revoked certificates anew."""
    with told(), PkiFolder(folder).alone():
        text = PkiFolder(folder).sign_list(timedelta(days=days), current_time())
    if form == SECRET:
        click.echo(secret(secret_name, {LIST: text}), nl=False)
    else:
        click.echo(_listed(folder))


def _certificates(folder: Path, identity: Identity, serial: str | None) -> list[int]:
    """Serial numbers: the one that is asked for, else the one of now, if there is any."""
    known = _known(folder, identity)
    if serial is None:
        return [kept.serial for kept in known if not kept.superseded]
    try:
        number = parse_serial(serial)
    except ValueError:
        raise PkiError(f"{serial!r} is no serial number in hex, as `connect-relay pki list` shows it") from None
    if number not in {kept.serial for kept in known}:
        click.echo(
            f"No certificate of {identity.uri} with serial {number:x} is known here; it is revoked all the same."
        )
    return [number]


def _known(folder: Path, identity: Identity) -> list[Kept]:
    return [kept for kept in PkiFolder(folder).list() if kept.folder == str(folder_of(identity))]


def _keys(folder: Path, identity: Identity, fingerprint: str | None) -> list[AuthorizedKey]:
    keys = SshFolder(folder).of(identity)
    if fingerprint is None:
        return list(keys)
    if not (found := [key for key in keys if key.fingerprint == fingerprint]):
        raise PkiError(f"no SSH key of {identity.uri} has the fingerprint {fingerprint}: see `connect-relay pki list`")
    return found


def _revoke_certificates(folder: Path, identity: Identity, serials: list[int]) -> None:
    if not serials:
        return
    root, now = PkiFolder(folder), current_time()
    for serial in serials:
        root.revoke(serial, folder_of(identity), now)
        click.echo(f"Certificate {serial:x} of {identity.uri} is revoked.")
    root.sign_list(LIST_PERIOD, now)
    click.echo(_listed(folder))


def _revoke_keys(folder: Path, keys: list[AuthorizedKey]) -> None:
    if not keys:
        return
    SshFolder(folder).revoke(keys)
    for key in keys:
        click.echo(f"SSH key {key.fingerprint} of {key.identity.uri} has been taken out of ssh/authorized_keys.")


def _tell_others(folder: Path, identity: Identity) -> None:
    """Who renews first and revokes then might take the wrong one."""
    now = current_time()
    for kept in _known(folder, identity):
        if kept.state(now) in {State.VALID, State.SUPERSEDED}:
            click.echo(f"Certificate {kept.serial:x} of {identity.uri} is {kept.state(now)} and still lets in.")
    for key in SshFolder(folder).of(identity):
        click.echo(f"SSH key {key.fingerprint} of {identity.uri} still lets in.")


def _listed(folder: Path) -> str:
    found = PkiFolder(folder).revocation_list()
    assert found is not None
    return (
        f"{folder / 'ca' / LIST} lists {found.entries} certificates; sign it anew before {found.next_update:%Y-%m-%d}."
    )
