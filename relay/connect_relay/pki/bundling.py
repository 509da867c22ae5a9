"""`connect-relay pki bundle`: what a customer's IT needs for a bridge, as one file."""

import os
from pathlib import Path

import click

from connect_protocol.relay.identity import Role
from connect_relay.bundle import SSH_FILES, TLS_FILES, Bundle, BundledFile
from connect_relay.options import RELAY as RELAY_NAME
from connect_relay.pki.certificates import PkiError
from connect_relay.pki.files import read
from connect_relay.pki.folder import folder_of
from connect_relay.pki.options import examples, folder_argument, identity_of, realm_argument, told
from connect_relay.pki.ssh import ssh_folder_of
from connect_relay.settings import RelayName, Transport

SUFFIX = ".connect-bridge"


@click.command(
    short_help="Put what a bridge needs into one file, for its installation.",
    epilog=examples("bundle pki musterwil --relay relay.example.org:8443"),
)
@folder_argument
@realm_argument
@click.option(
    "--relay",
    "relays",
    type=RELAY_NAME,
    metavar="HOST:PORT",
    multiple=True,
    required=True,
    help="Where the bridge calls, or ssh://HOST:PORT; repeatable.",
)
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Which file to write.  [default: REALM.connect-bridge]",
)
def bundle(folder: Path, realm: str, relays: tuple[RelayName, ...], to: Path | None) -> None:
    """Put what REALM's bridge needs into one file, for `connect-bridge install`.

    It holds the bridge's private key: send it by a way that nobody else reads, and delete it afterwards.
    """
    with told():
        identity = identity_of(realm, Role.BRIDGE)
        place = folder / folder_of(identity)
        transports = {relay.transport for relay in relays}
        files = [
            *(
                _read(place, TLS_FILES, f"connect-relay pki bridge {folder} {realm}")
                if Transport.GRPC in transports
                else ()
            ),
            *(
                _read(folder / ssh_folder_of(identity), SSH_FILES, f"connect-relay pki bridge {folder} {realm} --ssh")
                if Transport.SSH in transports
                else ()
            ),
        ]
        made = Bundle(realm=realm, relays=tuple(map(str, relays)), files=tuple(files))
        path = to or Path(f"{realm}{SUFFIX}")
        _write(path, made.to_text())
    click.echo(f"{path} holds all that the bridge of {realm} needs, its private key too: send it so that nobody else")
    click.echo("can read it, and delete it when it has been installed there.")


def _read(place: Path, names: tuple[str, ...], command: str) -> list[BundledFile]:
    if not all((place / name).exists() for name in names):
        raise PkiError(f"{place} has not all of {', '.join(names)}: issue them by `{command}`")
    return [BundledFile(name=name, text=read(place / name).decode("ascii")) for name in names]


def _write(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise PkiError(f"{path} is there already, and is not overwritten: move it away first") from error
    except OSError as error:
        raise PkiError(f"{path}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        # Half of it is of no use, and would be in the way.
        path.unlink()
        raise PkiError(f"{path}: {error.strerror}") from error
