"""Options that several commands of the bridge have."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path

import click
from click.core import ParameterSource

from connect_relay.bridge.installation import ENVIRONMENT, FOLDER, read_variables
from connect_relay.bridge.proxy_choice import NONE, from_environment, parse_proxy, read_login
from connect_relay.errors import ConfigurationError
from connect_relay.options import FOLDER as TLS_FOLDER
from connect_relay.options import RELAY, SECONDS, TARGET, told
from connect_relay.settings import BridgeSettings, ProxyChoice, RelayName, Target

DIAL_SECONDS = 8.0
Command = Callable[..., None]


class ProxyType(click.ParamType[ProxyChoice]):
    """http://HOST:PORT, or `none`."""

    name = "proxy"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ProxyChoice:
        """See click. No message repeats the value: a password may stand in it."""
        if isinstance(value, ProxyChoice):
            return value
        if value == NONE:
            return ProxyChoice()
        try:
            return ProxyChoice(proxy=parse_proxy(str(value), "it"))
        except ConfigurationError as error:
            self.fail(str(error), param, ctx)


def refuse_login_in_argument(
    ctx: click.Context, param: click.Parameter, value: ProxyChoice | None
) -> ProxyChoice | None:
    """A callback of --proxy: every process on the machine reads the arguments of all others."""
    given = ctx.get_parameter_source("proxy") is ParameterSource.COMMANDLINE
    if given and value is not None and value.proxy and value.proxy.login:
        message = "a password on a command line can be read by everybody: give --proxy-login FILE"
        raise click.BadParameter(message, ctx, param)
    return value


def _resolved(ctx: click.Context, param: click.Parameter, value: ProxyChoice | None) -> ProxyChoice:
    if value is None:
        try:
            return from_environment(os.environ)
        except ConfigurationError as error:
            raise click.BadParameter(str(error), ctx, param) from error
    refuse_login_in_argument(ctx, param, value)
    return value


def with_login(choice: ProxyChoice, login: Path | None) -> ProxyChoice:
    """The proxy with the user and password that a file holds. Raises ConfigurationError."""
    if login is None or choice.proxy is None:
        return choice
    return replace(choice, proxy=replace(choice.proxy, login=read_login(login)))


def _load(ctx: click.Context, param: click.Parameter, value: Path) -> None:
    """Take the variables that are not set from a file, before other options look for theirs."""
    try:
        text = value.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if ctx.get_parameter_source(str(param.name)) is ParameterSource.DEFAULT:
            return
        raise click.BadParameter(f"{value}: {error.strerror}", ctx, param) from error
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise click.BadParameter(f"{value} cannot be read: {why}. Put sudo before the command", ctx, param) from error
    for name, setting in read_variables(text).items():
        os.environ.setdefault(name, setting)


settings_option = click.option(
    "--settings",
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    default=Path(FOLDER / ENVIRONMENT),
    show_default=True,
    is_eager=True,
    expose_value=False,
    callback=_load,
    help="A file with variables, as `connect-bridge install` writes it; those that are set go before.",
)
relays_option = click.option(
    "--relay",
    "relays",
    type=RELAY,
    multiple=True,
    required=True,
    metavar="[ssh://]HOST:PORT",
    envvar="CONNECT_BRIDGE_RELAY",
    show_envvar=True,
    help="The relay, by a name that its certificate or knownHosts has; the bridge connects to every address of it."
    " Repeatable; in the variable, separated by spaces.",
)
tls_option = click.option(
    "--tls",
    type=TLS_FOLDER,
    envvar="CONNECT_BRIDGE_TLS",
    show_envvar=True,
    help="A folder with tls.crt and tls.key, the bridge's own, and ca.crt, which the relay must be of. For HOST:PORT.",
)
ssh_option = click.option(
    "--ssh",
    type=TLS_FOLDER,
    envvar="CONNECT_BRIDGE_SSH",
    show_envvar=True,
    help="A folder with sshPrivateKey, the bridge's own, and knownHosts, which the relay must be in. For ssh://.",
)
proxy_option = click.option(
    "--proxy",
    type=ProxyType(),
    callback=_resolved,
    metavar="URL",
    envvar="CONNECT_BRIDGE_PROXY",
    show_envvar=True,
    help="The HTTP proxy to go out through, http://HOST:PORT, or `none`. The variable may hold user and password too."
    "  [default: what HTTPS_PROXY and NO_PROXY say]",
)
proxy_login_option = click.option(
    "--proxy-login",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CONNECT_BRIDGE_PROXY_LOGIN",
    show_envvar=True,
    help="A file that holds USER:PASSWORD for the proxy (Basic).",
)
targets_option = click.option(
    "--target",
    "targets",
    type=TARGET,
    multiple=True,
    required=True,
    metavar="NAME=HOST:PORT",
    envvar="CONNECT_BRIDGE_TARGETS",
    show_envvar=True,
    help="What may be reached through this bridge, and by which name; nothing else can be. Repeatable; in the"
    " variable, separated by spaces.",
)
dial_seconds_option = click.option(
    "--dial-seconds",
    type=SECONDS,
    default=DIAL_SECONDS,
    show_default=True,
    envvar="CONNECT_BRIDGE_DIAL_SECONDS",
    show_envvar=True,
    help="How long a target may take to answer.",
)


def require_different_names(targets: tuple[Target, ...]) -> None:
    """Raise ConfigurationError if a name is given twice."""
    names = [target.name for target in targets]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigurationError(f"--target {', '.join(sorted(twice))} is given twice", todo="Give each its own name")


def way_options(command: Command) -> Command:
    """A decorator: options that say by which relays, as whom and to what; they are the command's first argument.

    `run` goes that way, and `doctor` looks at each step of it.
    """

    @wraps(command)
    def with_settings(
        *,
        relays: tuple[RelayName, ...],
        tls: Path | None,
        ssh: Path | None,
        targets: tuple[Target, ...],
        dial_seconds: float,
        proxy: ProxyChoice,
        proxy_login: Path | None,
        **others: object,
    ) -> None:
        with told():
            require_different_names(targets)
            settings = BridgeSettings(
                relays=relays,
                tls=tls,
                ssh=ssh,
                targets=targets,
                dial_seconds=dial_seconds,
                proxy=with_login(proxy, proxy_login),
            )
        command(settings, **others)

    decorated: Command = with_settings
    for option in reversed(_WAY):
        decorated = option(decorated)
    return decorated


_WAY: tuple[Callable[[Command], Command], ...] = (
    relays_option,
    tls_option,
    ssh_option,
    targets_option,
    dial_seconds_option,
    proxy_option,
    proxy_login_option,
)
