"""`connect-relay pki`: make an authority, issue certificates and SSH keys, renew, revoke and list them."""

from pathlib import Path

import click

from connect_relay.pki.bundling import bundle
from connect_relay.pki.certificates import Authority
from connect_relay.pki.folder import PkiFolder
from connect_relay.pki.issuing import bridge, relay, ssh_host, worker
from connect_relay.pki.listing import list_
from connect_relay.pki.options import current_time, examples, folder_argument, told
from connect_relay.pki.renewing import renew
from connect_relay.pki.revoking import crl, revoke

HELP = """
Certificates that tell who is the relay, and who is whose bridge or worker.

\b
connect-relay pki init pki
connect-relay pki relay pki --name connect-relay.connect.svc --name relay.example.org
connect-relay pki bridge pki musterwil
connect-relay pki bundle pki musterwil --relay relay.example.org:8443
connect-relay pki worker pki musterwil --output secret | kubectl -n connect apply -f -
connect-relay pki renew pki musterwil bridge --if-ends-within 30
connect-relay pki revoke pki musterwil bridge
connect-relay pki list pki

Each certificate gets a folder with tls.crt, tls.key and ca.crt, as a Secret of Kubernetes holds them:

\b
kubectl -n connect create secret generic connect-relay --from-file=pki/relay

The bundle goes to the customer's IT. DIR/ca stays with you, and off the cluster: whoever has its key
can be everybody's bridge. cert-manager's Secrets can be used in place of these.
"""


@click.group(help=HELP, short_help="Make, renew, revoke and list certificates and SSH keys.")
def pki() -> None:
    """See HELP: click wants its paragraphs marked with a control character."""


@pki.command(epilog=examples("init pki"))
@folder_argument
@click.option("--name", default="Connect Relay CA", show_default=True, help="What people will see as the issuer.")
def init(folder: Path, name: str) -> None:
    """Make an authority in DIR, valid for ten years.

    Its private key is in DIR/ca/ca.key, readable by you alone: keep a copy where nobody else gets at it.
    """
    with told():
        kept = PkiFolder(folder).keep_authority(Authority.create(name, current_time()))
    click.echo(f"The authority stands in {kept}; ca.crt is for everybody, ca.key for nobody else.")


for command in (relay, bridge, worker, ssh_host, bundle, renew, revoke, crl, list_):
    pki.add_command(command)
