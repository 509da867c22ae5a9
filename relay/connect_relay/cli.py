"""`connect-relay`: the relay in the cluster, and the certificates that tell who is who."""

import sys
from pathlib import Path

import click
import uvloop

from connect_relay.handshakes import TRACER
from connect_relay.log import configure_log
from connect_relay.native_log import begin_with_tracer
from connect_relay.options import ADDRESS, COUNT, FILE, FOLDER, RATE, SECONDS, SETTINGS, ending, log_level_option, told
from connect_relay.pki.cli import pki
from connect_relay.server import serve as run_relay
from connect_relay.settings import Address, Limits, RelaySettings, SshSettings, Times

LIMITS = Limits()
TIMES = Times()


@click.group(context_settings=SETTINGS)
@click.version_option(package_name="connect", prog_name="connect-relay")
def main() -> None:
    """Join workers in the cluster to bridges in the customers' networks.

    Bridges dial out to the relay and stay connected; a worker asks for a target of its realm, and the bridge opens it.
    What flows is encrypted from end to end: the relay sees names and numbers of bytes, and knows nothing else.
    """


main.add_command(pki)


@main.command(
    epilog=ending(
        "connect-relay serve --tls pki/relay",
        "connect-relay serve --tls pki/relay --crl pki/ca/crl.pem --ssh pki/ssh",
        codes={
            0: "stopped by SIGTERM or SIGINT",
            2: "an option, a file or a certificate that cannot be used",
            7: "an address where nobody can listen",
        },
    )
)
@click.option(
    "--listen",
    type=ADDRESS,
    default="0.0.0.0:8443",
    show_default=True,
    envvar="CONNECT_RELAY_LISTEN",
    show_envvar=True,
    help="Where bridges and workers call (gRPC, TLS 1.3, client certificates).",
)
@click.option(
    "--admin-listen",
    type=ADDRESS,
    default="0.0.0.0:8080",
    show_default=True,
    envvar="CONNECT_RELAY_ADMIN_LISTEN",
    show_envvar=True,
    help="Where the cluster asks (plain HTTP): /healthz, /readyz, /metrics, /bridges.",
)
@click.option(
    "--tls",
    type=FOLDER,
    required=True,
    envvar="CONNECT_RELAY_TLS",
    show_envvar=True,
    help="A folder with tls.crt and tls.key, the relay's own, and ca.crt, which bridges and workers must be of.",
)
@click.option(
    "--crl",
    type=FILE,
    default=None,
    envvar="CONNECT_RELAY_CRL",
    show_envvar=True,
    help="A file with the list of revoked certificates, in PEM, as `connect-relay pki crl` signs it.",
)
@click.option(
    "--reload-seconds",
    type=SECONDS,
    default=TIMES.reload,
    show_default=True,
    envvar="CONNECT_RELAY_RELOAD_SECONDS",
    show_envvar=True,
    help="Between two looks at the files above: what has changed is used from then on, what is revoked is cut off.",
)
@click.option(
    "--ssh",
    type=FOLDER,
    envvar="CONNECT_RELAY_SSH",
    show_envvar=True,
    help="A folder with ssh_host_ed25519_key, the relay's own, and authorized_keys; without it, there is no SSH port.",
)
@click.option(
    "--ssh-listen",
    type=ADDRESS,
    default="0.0.0.0:2222",
    show_default=True,
    envvar="CONNECT_RELAY_SSH_LISTEN",
    show_envvar=True,
    help="Where bridges and workers call (SSH, Ed25519 keys).",
)
@click.option(
    "--connections",
    type=COUNT,
    default=LIMITS.connections,
    show_default=True,
    envvar="CONNECT_RELAY_CONNECTIONS",
    show_envvar=True,
    help="Connections open at once, of all realms.",
)
@click.option(
    "--connections-per-realm",
    type=COUNT,
    default=LIMITS.connections_per_realm,
    show_default=True,
    envvar="CONNECT_RELAY_CONNECTIONS_PER_REALM",
    show_envvar=True,
    help="Connections open at once, of one realm.",
)
@click.option(
    "--dials",
    type=COUNT,
    default=LIMITS.dials,
    show_default=True,
    envvar="CONNECT_RELAY_DIALS",
    show_envvar=True,
    help="Dials under way at once, of all realms.",
)
@click.option(
    "--dials-per-realm",
    type=COUNT,
    default=LIMITS.dials_per_realm,
    show_default=True,
    envvar="CONNECT_RELAY_DIALS_PER_REALM",
    show_envvar=True,
    help="Dials under way at once, of one realm; as many more may wait for an absent bridge.",
)
@click.option(
    "--bytes-per-second",
    type=RATE,
    default=LIMITS.bytes_per_second,
    show_default=True,
    envvar="CONNECT_RELAY_BYTES_PER_SECOND",
    show_envvar=True,
    help="Bytes a second that pass, of all realms and both directions; 0: as fast as it goes.",
)
@click.option(
    "--bytes-per-second-per-realm",
    type=RATE,
    default=LIMITS.bytes_per_second_per_realm,
    show_default=True,
    envvar="CONNECT_RELAY_BYTES_PER_SECOND_PER_REALM",
    show_envvar=True,
    help="Bytes a second that pass, of one realm.",
)
@click.option(
    "--dial-seconds",
    type=SECONDS,
    default=TIMES.dial,
    show_default=True,
    envvar="CONNECT_RELAY_DIAL_SECONDS",
    show_envvar=True,
    help="How long a bridge may take to reach a target.",
)
@click.option(
    "--wait-seconds",
    type=SECONDS,
    default=TIMES.longest_wait,
    show_default=True,
    envvar="CONNECT_RELAY_WAIT_SECONDS",
    show_envvar=True,
    help="How long a worker may wait for a bridge that is absent.",
)
@click.option(
    "--patience-seconds",
    type=SECONDS,
    default=TIMES.first_frame,
    show_default=True,
    envvar="CONNECT_RELAY_PATIENCE_SECONDS",
    show_envvar=True,
    help="How long a caller may take to be done with TLS, and then to say what he wants.",
)
@click.option(
    "--heartbeat-seconds",
    type=SECONDS,
    default=TIMES.heartbeat,
    show_default=True,
    envvar="CONNECT_RELAY_HEARTBEAT_SECONDS",
    show_envvar=True,
    help="Between two heartbeats; a bridge that misses three is dead. The bridges' own must be no longer.",
)
@click.option(
    "--drain-seconds",
    type=SECONDS,
    default=TIMES.drain,
    show_default=True,
    envvar="CONNECT_RELAY_DRAIN_SECONDS",
    show_envvar=True,
    help="How long open connections may take to end by themselves after SIGTERM.",
)
@log_level_option
def serve(
    *,
    listen: Address,
    admin_listen: Address,
    tls: Path,
    crl: Path | None,
    reload_seconds: float,
    ssh: Path | None,
    ssh_listen: Address,
    connections: int,
    connections_per_realm: int,
    dials: int,
    dials_per_realm: int,
    bytes_per_second: int,
    bytes_per_second_per_realm: int,
    dial_seconds: float,
    wait_seconds: float,
    patience_seconds: float,
    heartbeat_seconds: float,
    drain_seconds: float,
    log_level: str,
) -> None:
    """Run the relay until SIGTERM.

    It logs one line of JSON for each attempt to attach or connect, allowed or not, on stdout.
    """
    configure_log(log_level, sys.stdout)
    limits = Limits(
        connections=connections,
        connections_per_realm=connections_per_realm,
        dials=dials,
        dials_per_realm=dials_per_realm,
        bytes_per_second=bytes_per_second,
        bytes_per_second_per_realm=bytes_per_second_per_realm,
    )
    times = Times(
        first_frame=patience_seconds,
        dial=dial_seconds,
        longest_wait=wait_seconds,
        heartbeat=heartbeat_seconds,
        drain=drain_seconds,
        reload=reload_seconds,
    )
    settings = RelaySettings(
        listen=listen,
        admin=admin_listen,
        tls=tls,
        crl=crl,
        ssh=None if ssh is None else SshSettings(listen=ssh_listen, folder=ssh),
        limits=limits,
        times=times,
    )
    begin_with_tracer(TRACER)
    with told():
        uvloop.run(run_relay(settings))
