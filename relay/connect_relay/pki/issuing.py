"""`connect-relay pki relay | bridge | worker | ssh-host`: issue certificates and SSH keys."""

from functools import partial
from pathlib import Path

import click

from connect_protocol.relay.identity import Identity, Role
from connect_relay.options import ADDRESS
from connect_relay.pki.certificates import Subject, client, server
from connect_relay.pki.folder import RELAY, PkiFolder, folder_of
from connect_relay.pki.options import (
    days_option,
    examples,
    folder_argument,
    identity_of,
    output_option,
    realm_argument,
    secret_name_option,
    ssh_option,
    told,
)
from connect_relay.pki.order import Order, client_secret, relay_secret
from connect_relay.pki.ssh import KeyPair, SshFolder, read_public_key
from connect_relay.settings import Address


@click.command(
    epilog=examples("relay pki --name connect-relay --name connect-relay.connect.svc --name relay.example.org")
)
@folder_argument
@click.option(
    "--name", "names", multiple=True, required=True, help="A DNS name or IP address of the relay; repeatable."
)
@days_option
@output_option
@secret_name_option
def relay(folder: Path, names: tuple[str, ...], days: int, form: str, secret_name: str | None) -> None:
    """Issue the relay's server certificate.

    Give every name by which workers (the service in the cluster) and bridges (from outside) call it.
    """
    order = Order(folder=folder, days=days, form=form, secret_name=secret_name or relay_secret())
    with told(), PkiFolder(folder).alone():
        _issue(RELAY, server(names), order)


@click.command(
    "ssh-host",
    short_help="Make the relay's SSH host key, and its known_hosts.",
    epilog=examples("ssh-host pki --name relay.example.org:2222 --name connect-relay.connect.svc:2222"),
)
@folder_argument
@click.option(
    "--name",
    "names",
    type=ADDRESS,
    metavar="HOST:PORT",
    multiple=True,
    required=True,
    help="Where bridges and workers call the relay by SSH; repeatable.",
)
def ssh_host(folder: Path, names: tuple[Address, ...]) -> None:
    """Make the relay's SSH host key, and the known_hosts by which it is recognized."""
    with told(), PkiFolder(folder).alone():
        kept = SshFolder(folder).keep_host(KeyPair.create(), names)
    click.echo(f"{kept} is what the relay's --ssh wants; known_hosts is for those who call it.")


def client_command(role: Role, text: str) -> click.Command:
    """`bridge` or `worker`; `text` is its help."""

    @click.command(
        role.value,
        help=text,
        epilog=examples(
            f"{role} pki musterwil",
            f"{role} pki musterwil --output secret | kubectl --namespace connect apply --filename -",
            f"{role} pki musterwil --public-key id_musterwil.pub",
        ),
    )
    @folder_argument
    @realm_argument
    @ssh_option
    @click.option(
        "--public-key",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The .pub file of an SSH key (Ed25519) that its owner has made himself: let it in.",
    )
    @days_option
    @output_option
    @secret_name_option
    def issue(
        *,
        folder: Path,
        realm: str,
        ssh: bool,
        public_key: Path | None,
        days: int,
        form: str,
        secret_name: str | None,
    ) -> None:
        with told(), PkiFolder(folder).alone():
            identity = identity_of(realm, role)
            name = secret_name or client_secret(identity, ssh=ssh)
            order = Order(folder=folder, days=days, form=form, secret_name=name)
            if public_key is not None:
                _register(identity, public_key, folder)
            elif ssh:
                _issue_ssh(identity, order)
            else:
                _issue(folder_of(identity), client(identity), order)

    return issue


bridge = client_command(Role.BRIDGE, "Issue the certificate, or the SSH key, of REALM's bridge.")
worker = client_command(
    Role.WORKER,
    "Issue the certificate, or the SSH key, of REALM's workers.\n\nIt reaches the targets of this realm and no other.",
)


def _issue(place: Path, subject: Subject, order: Order) -> None:
    root = PkiFolder(order.folder)
    root.require_free(place)
    order.issue(subject, partial(root.keep, place))


def _issue_ssh(identity: Identity, order: Order) -> None:
    root, pair = SshFolder(order.folder), KeyPair.create()
    root.require_free(identity)
    order.hand_out_key(pair, partial(root.keep, identity, pair.blob))


def _register(identity: Identity, path: Path, folder: Path) -> None:
    blob, comment = read_public_key(path)
    entry = SshFolder(folder).register(identity, blob, comment)
    click.echo(f"{entry.fingerprint} is let in as {identity.uri}; its owner needs {folder / 'ssh' / 'known_hosts'}.")
