"""Arguments and options that the commands of `connect-relay pki` share, Secrets, and how what goes wrong is told."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from connect_protocol.exit_codes import ExitCode
from connect_protocol.relay.identity import Identity, Role
from connect_relay.options import ending
from connect_relay.pki.certificates import PkiError
from connect_relay.pki.files import Files

DEFAULT_DAYS = 365
MOST_DAYS = 3650
SECRET = "secret"  # noqa: S105 - a form of output

_CODES = {
    0: "done",
    2: "an option that cannot be used, or a folder without what is needed; nothing has changed",
}

DAYS = click.IntRange(1, MOST_DAYS)
ROLE = click.Choice([role.value for role in Role])

folder_argument = click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
realm_argument = click.argument("realm")
days_option = click.option(
    "--days", type=DAYS, default=DEFAULT_DAYS, show_default=True, help="How long the certificate is valid."
)
output_option = click.option(
    "--output",
    "form",
    type=click.Choice(["files", SECRET]),
    default="files",
    show_default=True,
    help="Files below DIR, or a Secret of Kubernetes on stdout; its private key is then written nowhere else.",
)
secret_name_option = click.option(
    "--secret-name", help="The Secret's name.  [default: connect-relay, REALM-relay or REALM-relay-ssh]"
)
ssh_option = click.option("--ssh", is_flag=True, help="A key for SSH in place of a certificate.")


def examples(*commands: str) -> str:
    """The end of a command's help."""
    return ending(*(f"connect-relay pki {command}" for command in commands), codes=_CODES)


def identity_of(realm: str, role: str) -> Identity:
    """Whom a command is about. Raises PkiError."""
    try:
        return Identity(realm=realm, role=Role(role))
    except ValueError as fault:
        raise PkiError(str(fault)) from fault


def secret(name: str, files: Files) -> str:
    """A Secret for kubectl; text in base64 needs no quoting in YAML."""
    lines = [f"  {key}: {base64.b64encode(text.encode()).decode()}" for key, text in sorted(files.items())]
    head = ["apiVersion: v1", "kind: Secret", "metadata:", f"  name: {json.dumps(name)}", "type: Opaque", "data:"]
    return "\n".join([*head, *lines, ""])


class _Refused(click.ClickException):
    exit_code = ExitCode.CONFIGURATION


@contextmanager
def told() -> Iterator[None]:
    """Within: what goes wrong is one sentence on stderr, and exit code 2."""
    try:
        yield
    except PkiError as fault:
        raise _Refused(str(fault)) from fault


def current_time() -> datetime:
    """In UTC."""
    return datetime.now(UTC)
