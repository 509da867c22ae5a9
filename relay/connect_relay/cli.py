"""`connect-relay`: the relay in the cluster, and the certificates that tell who is who."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
Command = Callable[..., None]


@click.group(context_settings=SETTINGS)
@click.version_option(package_name="connect", prog_name="connect-relay")
def main() -> None:
    """Join workers in the cluster to bridges in the customers' networks.

    Bridges dial out to the relay and stay connected; a worker asks for a target of its realm, and the bridge opens it.
    What flows is encrypted from end to end: the relay sees names and numbers of bytes, and knows nothing else.
    """


main.add_command(pki)


def _setting(name: str, kind: click.ParamType[Any], meaning: str, **attributes: Any) -> Callable[[Command], Command]:
    """A decorator: an option, in whose place a variable may stand, for --dial-seconds CONNECT_RELAY_DIAL_SECONDS."""
    return click.option(
        f"--{name}",
        type=kind,
        show_default=True,
        envvar=f"CONNECT_RELAY_{name.upper().replace('-', '_')}",
        show_envvar=True,
        help=meaning,
        **attributes,
    )


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
@_setting(
    "listen", ADDRESS, "Where bridges and workers call (gRPC, TLS 1.3, client certificates).", default="0.0.0.0:8443"
)
@_setting(
    "admin-listen",
    ADDRESS,
    "Where the cluster asks (plain HTTP): /healthz, /readyz, /metrics, /bridges.",
    default="0.0.0.0:8080",
)
@_setting(
    "tls",
    FOLDER,
    "A folder with tls.crt and tls.key, the relay's own, and ca.crt, which bridges and workers must be of.",
    required=True,
)
@_setting("crl", FILE, "A file with the list of revoked certificates, in PEM, as `connect-relay pki crl` signs it.")
@_setting(
    "reload-seconds",
    SECONDS,
    "Between two looks at the files above: what has changed is used from then on, what is revoked is cut off.",
    default=TIMES.reload,
)
@_setting(
    "ssh",
    FOLDER,
    "A folder with ssh_host_ed25519_key, the relay's own, and authorized_keys; without it, there is no SSH port.",
)
@_setting("ssh-listen", ADDRESS, "Where bridges and workers call (SSH, Ed25519 keys).", default="0.0.0.0:2222")
@_setting("connections", COUNT, "Connections open at once, of all realms.", default=LIMITS.connections)
@_setting(
    "connections-per-realm", COUNT, "Connections open at once, of one realm.", default=LIMITS.connections_per_realm
)
@_setting("dials", COUNT, "Dials under way at once, of all realms.", default=LIMITS.dials)
@_setting(
    "dials-per-realm",
    COUNT,
    "Dials under way at once, of one realm; as many more may wait for an absent bridge.",
    default=LIMITS.dials_per_realm,
)
@_setting(
    "bytes-per-second",
    RATE,
    "Bytes a second that pass, of all realms and both directions; 0: as fast as it goes.",
    default=LIMITS.bytes_per_second,
)
@_setting(
    "bytes-per-second-per-realm",
    RATE,
    "Bytes a second that pass, of one realm.",
    default=LIMITS.bytes_per_second_per_realm,
)
@_setting("dial-seconds", SECONDS, "How long a bridge may take to reach a target.", default=TIMES.dial)
@_setting(
    "wait-seconds", SECONDS, "How long a worker may wait for a bridge that is absent.", default=TIMES.longest_wait
)
@_setting(
    "patience-seconds",
    SECONDS,
    "How long a caller may take to be done with TLS, and then to say what he wants.",
    default=TIMES.first_frame,
)
@_setting(
    "heartbeat-seconds",
    SECONDS,
    "Between two heartbeats; a bridge that misses three is dead. The bridges' own must be no longer.",
    default=TIMES.heartbeat,
)
@_setting(
    "drain-seconds",
    SECONDS,
    "How long open connections may take to end by themselves after SIGTERM.",
    default=TIMES.drain,
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
