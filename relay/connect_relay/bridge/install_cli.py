"""`connect-bridge install` and `uninstall`: the bridge as a service of systemd."""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import click

from connect_protocol.exit_codes import ExitCode
from connect_relay.bridge.installation import ENVIRONMENT, FOLDER, UNIT, WANTED, PlannedFile, known_files
from connect_relay.bridge.installation import LOGIN as LOGIN_FILE
from connect_relay.bridge.installer import Change, Host, require_systemd, systemctl, wait_until_attached
from connect_relay.bridge.options import (
    ProxyType,
    proxy_login_option,
    refuse_login_in_argument,
    require_different_names,
)
from connect_relay.bridge.service_manager import ATTACHED
from connect_relay.bridge.wishes import asked_for
from connect_relay.errors import ConfigurationError
from connect_relay.options import RELAY as RELAY_NAME
from connect_relay.options import TARGET, ending, told
from connect_relay.settings import ProxyChoice, RelayName, Target

HIDDEN = {"home", "root", "tmp"}
"""Folders in which the service sees nothing."""
PLAIN = re.compile(r"[\w./+-]+", re.ASCII)
_LOGIN_IN_URL = re.compile(r"//[^/@\s]*@")

INSTALL_HELP = """
Install the bridge as a service of systemd, and start it.

BUNDLE is the file that you were sent. Again with other options: changes only what they say, and restarts the bridge.
"""

root_option = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write below this folder in place of /, and tell systemd nothing: for an image, or to look at it.",
)


@click.command(
    help=INSTALL_HELP,
    short_help="Install the bridge as a service.",
    epilog=ending(
        "sudo connect-bridge install musterwil.connect-bridge \\",
        "    --target database=db.school.example:5432 --target directory=dc1.school.example:636",
        "sudo connect-bridge install --proxy http://proxy.school.example:3128",
        codes={
            0: "installed, and attached to a relay",
            2: "an option or file that cannot be used; not root; no systemd",
            7: "installed, but not attached to any relay yet",
        },
    ),
)
@click.argument("bundle", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--target",
    "targets",
    type=TARGET,
    multiple=True,
    metavar="NAME=HOST:PORT",
    help="What may be reached through this bridge; nothing else can be. Repeatable.  [default: as before]",
)
@click.option(
    "--relay",
    "relays",
    type=RELAY_NAME,
    multiple=True,
    metavar="HOST:PORT",
    help="The relay; repeatable.  [default: as the bundle says, or as before]",
)
@click.option(
    "--proxy",
    type=ProxyType(),
    callback=refuse_login_in_argument,
    metavar="URL",
    help="The HTTP proxy to go out through, http://HOST:PORT, or `none`.  [default: as before, or HTTPS_PROXY]",
)
@proxy_login_option
@root_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def install(
    *,
    bundle: Path | None,
    targets: tuple[Target, ...],
    relays: tuple[RelayName, ...],
    proxy: ProxyChoice | None,
    proxy_login: Path | None,
    root: Path | None,
    dry_run: bool,
) -> None:
    """See INSTALL_HELP: click wants its paragraphs marked with a control character."""
    with told():
        require_different_names(targets)
        if root is None and not dry_run:
            require_systemd()
        host = Host(root or Path("/"))
        before = host.installed()
        wanted = asked_for(before, bundle, relays=relays, targets=targets, proxy=proxy, login=proxy_login)
        planned = tuple(wanted.planned(_program(hidden_is_fine=dry_run or root is not None)))
        for file in planned:
            host.require_ours(file.path)
        if dry_run:
            click.echo("\n".join(_preview(planned)))
            return
        changed = _write(host, planned)
        if bundle is not None:
            click.echo(f"Delete {bundle} now: it holds the bridge's private key, and is not needed any more.")
        if root is not None:
            host.enable()
            return
        _start(changed=changed)


@click.command(
    short_help="Stop the bridge and remove all that is its own.",
    epilog=ending(
        "sudo connect-bridge uninstall", codes={0: "removed, or not there", 2: "not root; no systemd; systemd refuses"}
    ),
)
@root_option
def uninstall(root: Path | None) -> None:
    """Stop the bridge and remove its service, its settings and its key."""
    with told():
        if root is None:
            require_systemd()
            if Path(UNIT).exists():
                systemctl("disable", "--now", UNIT.name)
        host = Host(root or Path("/"))
        for path in (WANTED, UNIT, *(FOLDER / name for name in (ENVIRONMENT, *known_files(), LOGIN_FILE))):
            if host.remove(path):
                click.echo(f"removed    {path}")
        if not host.remove_folder():
            click.echo(f"kept       {FOLDER}: there are files in it that are not the bridge's")
        if root is None:
            systemctl("daemon-reload")


def _program(*, hidden_is_fine: bool) -> PurePosixPath:
    """This command, where the service finds it too. Raises ConfigurationError."""
    program = Path(sys.argv[0]).absolute()
    for place in (program, program.resolve(), Path(sys.prefix).resolve()):
        if not hidden_is_fine and place.parts[1] in HIDDEN:
            raise ConfigurationError(
                f"{place} stands where a service cannot see it", todo="Install it below /opt, as the how-to says"
            )
    if not PLAIN.fullmatch(str(program)):
        raise ConfigurationError(
            f"{program} is no path for a unit: it has characters that systemd reads in its own way",
            todo="Install it below /opt, as the how-to says",
        )
    return PurePosixPath(program)


def _preview(planned: Sequence[PlannedFile]) -> Iterator[str]:
    for file in planned:
        yield f"would write {file.path} ({file.mode:04o})"
        if not file.secret and file.path.suffix != ".crt":
            yield from (f"    {_LOGIN_IN_URL.sub('//…@', line)}".rstrip() for line in file.text.splitlines())
    yield f"would run   systemctl daemon-reload, systemctl enable {UNIT.name}, systemctl restart {UNIT.name}"


def _write(host: Host, planned: Sequence[PlannedFile]) -> bool:
    """Write and tell what has changed; returns whether anything has."""
    changes = []
    for file in planned:
        changes.append(host.write(file))
        click.echo(f"{changes[-1]:<10} {file.path} ({file.mode:04o})")
    needed = {file.path.name for file in planned}
    gone = [host.remove(FOLDER / name) for name in (*known_files(), LOGIN_FILE) if name not in needed]
    return any(gone) or any(change is not Change.UNCHANGED for change in changes)


def _start(*, changed: bool) -> None:
    systemctl("daemon-reload")
    systemctl("enable", UNIT.name)
    systemctl("restart" if changed else "start", UNIT.name)
    words = wait_until_attached()
    click.echo(words)
    if not words.startswith(ATTACHED):
        click.echo("The bridge runs and goes on trying. What is in its way: sudo connect-bridge doctor", err=True)
        sys.exit(ExitCode.CONNECTION_FAILED)
