"""`connect-bridge`: runs in the customer's network, and dials out to the relay."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace

import click
import structlog
import uvloop

from connect_protocol.relay.service import HEARTBEAT_SECONDS
from connect_relay.bridge import process
from connect_relay.bridge.doctor_cli import check, doctor
from connect_relay.bridge.grpc_attachment import VERSION
from connect_relay.bridge.install_cli import install, uninstall
from connect_relay.bridge.options import way_options
from connect_relay.bridge.unpack_cli import unpack
from connect_relay.log import configure_log
from connect_relay.options import SECONDS, SETTINGS, ending, log_level_option, told
from connect_relay.settings import BridgeSettings, Transport

log = structlog.stdlib.get_logger()

HELP = """
Let Connect reach the school's database and directory, from inside.

The bridge needs one outgoing connection to the relay, and none that comes in. It opens connections to the targets
that are named here, and to nothing else, whatever the relay asks for.

\b
connect-bridge check --target database=db.school.example:5432 --target directory=dc1.school.example:636
connect-bridge run --relay relay.example.org:8443 --tls /etc/connect-bridge \\
    --target database=db.school.example:5432 --target directory=dc1.school.example:636
"""


@click.group(context_settings=SETTINGS, help=HELP, short_help="Let Connect reach the school's servers.")
@click.version_option(package_name="connect", prog_name="connect-bridge")
def main() -> None:
    """See HELP: click wants its paragraphs marked with a control character."""


main.add_command(check)
main.add_command(doctor)
main.add_command(install)
main.add_command(uninstall)
main.add_command(unpack)


@main.command(
    short_help="Stay connected to every relay until SIGTERM.",
    epilog=ending(
        "connect-bridge run --relay relay.example.org:8443 --tls pki/realms/musterwil/bridge \\",
        "    --target database=db.school.example:5432 --target directory=dc1.school.example:636",
        codes={
            0: "stopped by SIGTERM or SIGINT",
            2: "an option, a file or a certificate that cannot be used",
        },
    ),
)
@way_options
@click.option(
    "--heartbeat-seconds",
    type=SECONDS,
    default=HEARTBEAT_SECONDS,
    show_default=True,
    envvar="CONNECT_BRIDGE_HEARTBEAT_SECONDS",
    show_envvar=True,
    help="Between two heartbeats; a relay that misses three is dead.",
)
@click.option(
    "--longest-pause-seconds",
    type=SECONDS,
    default=60.0,
    show_default=True,
    envvar="CONNECT_BRIDGE_LONGEST_PAUSE_SECONDS",
    show_envvar=True,
    help="Between two attempts to reach a relay: they begin with a second, and become rarer.",
)
@log_level_option
def run(settings: BridgeSettings, *, heartbeat_seconds: float, longest_pause_seconds: float, log_level: str) -> None:
    """Stay connected to every relay until SIGTERM; one that is away is tried again without end."""
    configure_log(log_level, sys.stdout)
    settings = replace(settings, heartbeat_seconds=heartbeat_seconds, longest_pause_seconds=longest_pause_seconds)
    with told():
        callers = process.callers_of(settings)
        log.info(
            "bridge runs",
            realm=next((caller.realm for caller in callers.values() if caller.realm), None),
            relays=[str(relay) for relay in settings.relays],
            proxies=sorted(
                {str(found) for relay in settings.relays if (found := settings.proxy.towards(relay.address))}
            ),
            version=VERSION,
        )
        uvloop.run(_run(settings, callers))
    log.info("bridge has stopped")


async def _run(settings: BridgeSettings, callers: Mapping[Transport, process.Caller]) -> None:
    running = asyncio.create_task(process.run(settings, callers))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    await asyncio.wait([running])
    if not running.cancelled():
        running.result()
