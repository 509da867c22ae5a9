"""`connect-relay pki`: make an authority, issue certificates to relay, bridges and workers, list them."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from connect_protocol.exit_codes import ExitCode
from connect_protocol.relay.identity import Identity, Role
from connect_relay.pki import Authority, Issued, PkiError, Subject, client, server
from connect_relay.pki_folder import CA_CERTIFICATE, RELAY, TLS_CERTIFICATE, TLS_KEY, Kept, PkiFolder, folder_of

DEFAULT_DAYS = 365
MOST_DAYS = 3650

folder_argument = click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
realm_argument = click.argument("realm")
days_option = click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=DEFAULT_DAYS,
    show_default=True,
    help="How long the certificate is valid.",
)
output_option = click.option(
    "--output",
    "form",
    type=click.Choice(["files", "secret"]),
    default="files",
    show_default=True,
    help="Files below DIR, or a Secret of Kubernetes on stdout; its private key is then written nowhere else.",
)
secret_name_option = click.option("--secret-name", help="The Secret's name.  [default: connect-relay or REALM-relay]")


HELP = """
Certificates that tell who is the relay, and who is whose bridge or worker.

\b
connect-relay pki init pki
connect-relay pki relay pki --name connect-relay.connect.svc --name relay.example.org
connect-relay pki bridge pki musterwil
connect-relay pki worker pki musterwil --output secret | kubectl -n connect apply -f -

Each certificate gets a folder with tls.crt, tls.key and ca.crt, as a Secret of Kubernetes holds them:

\b
kubectl -n connect create secret generic connect-relay --from-file=pki/relay

Take pki/realms/REALM/bridge to the customer's network. DIR/ca stays with you, and off the cluster: whoever has its key
can be everybody's bridge. cert-manager's Secrets can be used in place of these.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Where the authority is, how long the certificate shall be valid, and what to make of it."""

    folder: Path
    days: int
    form: str
    secret_name: str


@click.group(help=HELP, short_help="Make and list certificates.")
def pki() -> None:
    """See HELP: click wants its paragraphs marked with a control character."""


@pki.command()
@folder_argument
@click.option("--name", default="Connect Relay CA", show_default=True, help="What people will see as the issuer.")
def init(folder: Path, name: str) -> None:
    """Make an authority in DIR, valid for ten years.

    Its private key is in DIR/ca/ca.key, readable by you alone: keep a copy where nobody else gets at it.
    """
    with _told():
        kept = PkiFolder(folder).keep_authority(Authority.create(name, _now()))
    click.echo(f"The authority stands in {kept}; ca.crt is for everybody, ca.key for nobody else.")


@pki.command()
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
    with _told():
        order = Order(folder=folder, days=days, form=form, secret_name=secret_name or "connect-relay")
        _issue(RELAY, server(names), order)


@pki.command()
@folder_argument
@realm_argument
@days_option
@output_option
@secret_name_option
def bridge(folder: Path, realm: str, days: int, form: str, secret_name: str | None) -> None:
    """Issue the certificate of REALM's bridge."""
    order = Order(folder=folder, days=days, form=form, secret_name=secret_name or f"{realm}-relay")
    _issue_client(realm, Role.BRIDGE, order)


@pki.command()
@folder_argument
@realm_argument
@days_option
@output_option
@secret_name_option
def worker(folder: Path, realm: str, days: int, form: str, secret_name: str | None) -> None:
    """Issue the certificate of REALM's workers.

    It reaches the targets of this realm and no other.
    """
    order = Order(folder=folder, days=days, form=form, secret_name=secret_name or f"{realm}-relay")
    _issue_client(realm, Role.WORKER, order)


@pki.command("list")
@folder_argument
@click.option(
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or one JSON document.",
)
def list_(folder: Path, form: str) -> None:
    """List the certificates in DIR, and until when they are valid."""
    with _told():
        kept = PkiFolder(folder).list()
    now = _now()
    if form == "json":
        click.echo(json.dumps({"certificates": [_row(each, now) for each in kept]}, indent=2))
        return
    for each in kept:
        click.echo(f"{each.folder:<32} {each.not_after:%Y-%m-%d}  {_state(each, now):<18} {' '.join(each.names)}")


def _issue_client(realm: str, role: Role, order: Order) -> None:
    with _told():
        identity = _identity(realm, role)
        _issue(folder_of(identity), client(identity), order)


def _identity(realm: str, role: Role) -> Identity:
    try:
        return Identity(realm=realm, role=role)
    except ValueError as fault:
        raise PkiError(str(fault)) from fault


def _issue(place: Path, subject: Subject, order: Order) -> None:
    root = PkiFolder(order.folder)
    root.require_free(place)
    issued = root.load_authority().issue(subject, timedelta(days=order.days), _now())
    if order.form == "secret":
        root.keep_without_key(place, issued)
        click.echo(_secret(order.secret_name, issued), nl=False)
    else:
        kept = root.keep(place, issued)
        click.echo(f"{kept} holds {TLS_CERTIFICATE}, {TLS_KEY} and {CA_CERTIFICATE}, valid for {order.days} days.")


def _secret(name: str, issued: Issued) -> str:
    """A Secret for kubectl; PEM in base64 needs no quoting in YAML."""
    files = {CA_CERTIFICATE: issued.authority, TLS_CERTIFICATE: issued.certificate, TLS_KEY: issued.key}
    lines = [f"  {key}: {base64.b64encode(text.encode()).decode()}" for key, text in files.items()]
    head = ["apiVersion: v1", "kind: Secret", "metadata:", f"  name: {json.dumps(name)}", "type: Opaque", "data:"]
    return "\n".join([*head, *lines, ""])


def _row(kept: Kept, now: datetime) -> dict[str, object]:
    return {
        "folder": kept.folder,
        "names": list(kept.names),
        "serial": kept.serial,
        "notBefore": kept.not_before.isoformat(),
        "notAfter": kept.not_after.isoformat(),
        "expired": kept.not_after <= now,
    }


def _state(kept: Kept, now: datetime) -> str:
    left = (kept.not_after - now).days
    return f"{left} days left" if kept.not_after > now else "EXPIRED"


class _Refused(click.ClickException):
    exit_code = ExitCode.CONFIGURATION


@contextmanager
def _told() -> Iterator[None]:
    """Within: what goes wrong is one sentence on stderr, and exit code 2."""
    try:
        yield
    except PkiError as fault:
        raise _Refused(str(fault)) from fault


def _now() -> datetime:
    return datetime.now(UTC)
