"""`connect-bridge doctor` and `connect-bridge check`: what works and what does not, before somebody waits for it."""

import asyncio
import json
import sys
from collections.abc import Sequence

import click
import uvloop

from connect_protocol.exit_codes import ExitCode
from connect_relay.bridge.dialing import dial
from connect_relay.bridge.doctor import examine
from connect_relay.bridge.examination import as_json, as_lines, exit_code
from connect_relay.bridge.options import (
    dial_seconds_option,
    require_different_names,
    settings_option,
    targets_option,
    way_options,
)
from connect_relay.errors import RefusedError
from connect_relay.options import SECONDS, ending, output_option, told
from connect_relay.settings import BridgeSettings, Target

STEP_SECONDS = 10.0


@click.command(
    epilog=ending(
        "sudo connect-bridge doctor",
        "sudo connect-bridge doctor --output json",
        codes={
            0: "all is well; there may be warnings",
            2: "an option, a file or the certificate cannot be used",
            11: "the relay cannot be reached",
            12: "the relay does not let this bridge in",
            7: "a target cannot be reached",
        },
    )
)
@settings_option
@way_options
@click.option(
    "--step-seconds",
    type=SECONDS,
    default=STEP_SECONDS,
    show_default=True,
    help="How long each step towards the relay may take.",
)
@output_option
def doctor(settings: BridgeSettings, *, step_seconds: float, form: str) -> None:
    """Test every step of the way, say what to do.

    Files and certificate; name, proxy, port and TLS of each relay, whether it would let this bridge in, how far away it
    is; each target with a word of its protocol. Nothing is changed, nobody logs in, no bridge is disturbed.
    """
    steps = uvloop.run(examine(settings, step_seconds))
    click.echo(as_json(steps) if form == "json" else "\n".join(as_lines(steps)))
    sys.exit(exit_code(steps))


@click.command(
    epilog=ending(
        "connect-bridge check --target database=db.school.example:5432 --target directory=dc1.school.example:636",
        codes={0: "every target can be reached", 2: "an option that cannot be used", 7: "a target cannot be reached"},
    )
)
@settings_option
@targets_option
@dial_seconds_option
@output_option
def check(targets: tuple[Target, ...], dial_seconds: float, form: str) -> None:
    """Say whether each target can be reached from here."""
    with told():
        require_different_names(targets)
    reasons = uvloop.run(_reasons(targets, dial_seconds))
    code = ExitCode.CONNECTION_FAILED if any(reasons) else ExitCode.DONE
    if form == "json":
        rows = [
            {"name": target.name, "address": str(target.address), "reached": not reason, "reason": reason}
            for target, reason in zip(targets, reasons, strict=True)
        ]
        click.echo(json.dumps({"targets": rows, "exitCode": code}, ensure_ascii=False, indent=2))
    else:
        for target, reason in zip(targets, reasons, strict=True):
            click.echo(f"{'✗' if reason else '✓'} {target.name:<12} {target.address}: {reason or 'reached'}")
        if any(reasons):
            click.echo("→ Is the name right, does the server run there, and does a firewall let this machine reach it?")
    sys.exit(code)


async def _reasons(targets: Sequence[Target], seconds: float) -> Sequence[str]:
    """Why each target cannot be reached; empty if it can."""
    return await asyncio.gather(*(_reason(target, seconds) for target in targets))


async def _reason(target: Target, seconds: float) -> str:
    try:
        connection = await dial(target, seconds)
    except RefusedError as refused:
        return str(refused)
    connection.close()
    return ""
