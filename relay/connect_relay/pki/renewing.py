"""`connect-relay pki renew`: a new key and certificate in place of those that end, or may be known to others."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import click

from connect_protocol.relay.identity import Identity
from connect_relay.pki.certificates import PkiError, Subject, client, server
from connect_relay.pki.folder import RELAY, PkiFolder, State, folder_of
from connect_relay.pki.options import (
    DAYS,
    ROLE,
    SECRET,
    current_time,
    days_option,
    examples,
    folder_argument,
    identity_of,
    output_option,
    secret_name_option,
    ssh_option,
    told,
)
from connect_relay.pki.order import Order, client_secret, relay_secret
from connect_relay.pki.ssh import KeyPair, SshFolder


@click.command(
    epilog=examples(
        "renew pki relay --if-ends-within 30",
        "renew pki musterwil bridge",
        "renew pki musterwil worker --output secret | kubectl --namespace connect apply --filename -",
        "renew pki musterwil bridge --ssh",
    )
)
@folder_argument
@click.argument("who", metavar="relay|REALM")
@click.argument("role", required=False, type=ROLE, metavar="[bridge|worker]")
@ssh_option
@click.option(
    "--if-ends-within",
    "within",
    type=DAYS,
    metavar="DAYS",
    help="Only if the certificate ends so soon, else do nothing: for a nightly job.",
)
@days_option
@output_option
@secret_name_option
def renew(
    *,
    folder: Path,
    who: str,
    role: str | None,
    ssh: bool,
    within: int | None,
    days: int,
    form: str,
    secret_name: str | None,
) -> None:
    """Renew a certificate with a new key, for the same names.

    The old one stays valid until it ends or is revoked. So does an old SSH key, which has no end.
    """
    with told(), PkiFolder(folder).alone():
        identity = _whose(who, role)
        if ssh and (identity is None or within is not None):
            raise PkiError("--ssh is for a bridge or worker, and without --if-ends-within: an SSH key has no end")
        name = relay_secret() if identity is None else client_secret(identity, ssh=ssh)
        order = Order(folder=folder, days=days, form=form, secret_name=secret_name or name)
        if ssh and identity is not None:
            _renew_ssh(identity, order)
        elif not _is_due(folder, _place(identity), within):
            click.echo(f"{folder / _place(identity)} needs no new certificate yet.", err=form == SECRET)
        else:
            order.issue(_subject(folder, identity), partial(PkiFolder(folder).replace, _place(identity)))


def _whose(who: str, role: str | None) -> Identity | None:
    """A bridge or worker; None is the relay."""
    if role is not None:
        return identity_of(who, role)
    if who != str(RELAY):
        raise PkiError(f"bridge or worker of {who}? Say `renew DIR {who} bridge`, or `renew DIR relay`")
    return None


def _place(identity: Identity | None) -> Path:
    return RELAY if identity is None else folder_of(identity)


def _subject(folder: Path, identity: Identity | None) -> Subject:
    return server(PkiFolder(folder).current(RELAY).names) if identity is None else client(identity)


def _is_due(folder: Path, place: Path, within: int | None) -> bool:
    """A certificate that is revoked comes back by a person's order only."""
    kept, now = PkiFolder(folder).current(place), current_time()
    if within is None:
        return True
    return kept.state(now) is not State.REVOKED and kept.not_after <= now + timedelta(days=within)


def _renew_ssh(identity: Identity, order: Order) -> None:
    root, pair = SshFolder(order.folder), KeyPair.create()
    root.require_kept(identity)
    order.hand_out_key(pair, partial(root.replace, identity, pair.blob))
