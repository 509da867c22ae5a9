"""`connect-bridge unpack`: a bundle as the folder that a container mounts."""

import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

import click

from connect_relay.bridge.installation import FOLDER
from connect_relay.bridge.installer import FOLDER_MODE, Host
from connect_relay.bridge.options import (
    ProxyType,
    proxy_login_option,
    refuse_login_in_argument,
    require_different_names,
    targets_option,
)
from connect_relay.bridge.wishes import asked_for
from connect_relay.options import ending, told
from connect_relay.settings import ProxyChoice, Target

OWNER = 10001
"""The user of the relay's image."""


@click.command(
    epilog=ending(
        "connect-bridge unpack musterwil.connect-bridge connect-bridge \\",
        "    --target database=db.school.example:5432 --target directory=dc1.school.example:636",
        codes={0: "unpacked", 2: "an option or file that cannot be used"},
    )
)
@click.argument("bundle", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@targets_option
@click.option(
    "--proxy",
    type=ProxyType(),
    callback=refuse_login_in_argument,
    metavar="URL",
    help="The HTTP proxy to go out through, http://HOST:PORT, or `none`.  [default: HTTPS_PROXY]",
)
@proxy_login_option
@click.option(
    "--owner", type=int, default=OWNER, show_default=True, help="Whose the files shall be, where root unpacks them."
)
def unpack(
    *,
    bundle: Path,
    folder: Path,
    targets: tuple[Target, ...],
    proxy: ProxyChoice | None,
    proxy_login: Path | None,
    owner: int,
) -> None:
    """Unpack a bundle for a container.

    DIR gets certificate, key, authority and `environment`. The container mounts it at /etc/connect-bridge, and
    takes its variables from that file.
    """
    with told():
        require_different_names(targets)
        wanted = asked_for(None, bundle, relays=(), targets=targets, proxy=proxy, login=proxy_login)
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        host = Host(folder)
        files = [file for file in wanted.planned(PurePosixPath("connect-bridge")) if file.path.parent == FOLDER]
        for file in files:
            host.write(replace(file, path=PurePosixPath("/", file.path.name)))
    if os.geteuid() == 0:
        for path in (folder, *(folder / file.path.name for file in files)):
            os.chown(path, owner, owner)
    click.echo(f"{folder} is what the container mounts at {FOLDER}. Delete {bundle} now: it holds the private key.")
