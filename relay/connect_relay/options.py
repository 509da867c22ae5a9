"""Values of options, as relay and bridge read them, and how their commands end."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click

from connect_protocol.relay.names import TARGET_NAME_RULE, is_target_name, shown
from connect_relay.errors import RelayError
from connect_relay.settings import Address, RelayName, Target, Transport

_SSH = "ssh://"
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class AddressType(click.ParamType[Address]):
    """HOST:PORT, an IPv6 address in brackets."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """See click."""
        if isinstance(value, Address):
            return value
        return _address(str(value)) or self.fail(
            f"{value!r} is not HOST:PORT, such as relay.example.org:8443", param, ctx
        )


class RelayType(click.ParamType[RelayName]):
    """HOST:PORT for gRPC, ssh://HOST:PORT for SSH."""

    name = "relay"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> RelayName:
        """See click."""
        if isinstance(value, RelayName):
            return value
        text = str(value)
        transport = Transport.SSH if text.startswith(_SSH) else Transport.GRPC
        address = _address(text.removeprefix(_SSH))
        if address is None or not address.port:
            self.fail(f"{text!r} is neither HOST:PORT, such as relay.example.org:8443, nor ssh://HOST:PORT", param, ctx)
        return RelayName(transport=transport, address=address)


class TargetType(click.ParamType[Target]):
    """NAME=HOST:PORT."""

    name = "target"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        """See click."""
        if isinstance(value, Target):
            return value
        name, _, place = str(value).partition("=")
        if name and not is_target_name(name):
            self.fail(f"{shown(name)} is no name for a target: {TARGET_NAME_RULE}", param, ctx)
        address = _address(place)
        if not name or address is None or not address.port:
            self.fail(f"{value!r} is not NAME=HOST:PORT, such as database=db.example.org:5432", param, ctx)
        return Target(name=name, address=address)


ADDRESS = AddressType()
RELAY = RelayType()
TARGET = TargetType()
SECONDS = click.FloatRange(min=0, min_open=True)
COUNT = click.IntRange(min=1)
RATE = click.IntRange(min=0)
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)

log_level_option = click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    envvar="CONNECT_LOG_LEVEL",
    show_envvar=True,
    help="From which level on to log. Audit lines are info and warning.",
)


output_option = click.option(
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or one JSON document.",
)


def ending(*examples: str, codes: Mapping[int, str]) -> str:
    """The end of a command's help: examples as somebody types them, and the exit codes."""
    width = max(len(str(code)) for code in codes)
    meanings = [f"  {code:>{width}}  {meaning}" for code, meaning in codes.items()]
    return "\n".join(["\b", "Examples:", *(f"  {each}" for each in examples), "", "\b", "Exit codes:", *meanings])


@contextmanager
def told() -> Iterator[None]:
    """Within: a RelayError is one sentence on stderr, and its exit code."""
    try:
        yield
    except RelayError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)


def _address(text: str) -> Address | None:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or port is None or parts.username is not None or parts.netloc != text:
        return None
    return Address(host=host, port=port)
