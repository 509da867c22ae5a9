"""What somebody asks for who installs or unpacks a bridge: the bundle that he was sent, and the proxy."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from connect_relay import bundle as bundles
from connect_relay.bridge.installation import PROXY, Installation, Wishes
from connect_relay.bridge.options import with_login
from connect_relay.bridge.own_ssh_key import OwnSshKey
from connect_relay.bridge.proxy_choice import from_environment, parse_proxy
from connect_relay.bundle import Bundle
from connect_relay.credentials import bridge_identity, load_certificates
from connect_relay.errors import ConfigurationError
from connect_relay.options import RELAY as RELAY_NAME
from connect_relay.settings import ProxyChoice, RelayName, Target, Transport


def asked_for(
    before: Installation | None,
    bundle: Path | None,
    *,
    relays: tuple[RelayName, ...],
    targets: tuple[Target, ...],
    proxy: ProxyChoice | None,
    login: Path | None,
) -> Installation:
    """The bridge as it shall be; what is not asked for stays as it was. Raises ConfigurationError."""
    sent = None if bundle is None else open_bundle(bundle)
    called = relays or tuple(RELAY_NAME.convert(text, None, None) for text in (sent.relays if sent else ()))
    choice = ask_for_proxy(before, proxy, login, called)
    wishes = Wishes(bundle=sent, relays=relays, targets=targets, proxy=choice)
    return (before or Installation()).changed(wishes)


def open_bundle(path: Path) -> Bundle:
    """Read and check it. Raises ConfigurationError."""
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode & 0o777
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {getattr(error, 'strerror', 'it is no text')}") from error
    if mode & 0o077:
        click.echo(f"! others than its owner can read {path} (mode {mode:04o}), and it holds a private key", err=True)
    sent = bundles.parse(text, str(path))
    _require_good(sent, path)
    return sent


def _require_good(sent: Bundle, path: Path) -> None:
    """Before anything is written: the bridge will be able to use this. Raises ConfigurationError."""
    relays = [RELAY_NAME.convert(text, None, None) for text in sent.relays]
    by_ssh = [relay.address for relay in relays if relay.transport is Transport.SSH]
    with tempfile.TemporaryDirectory() as folder:
        for file in sent.files:
            Path(folder, file.name).write_text(file.text, encoding="utf-8")
        try:
            if len(by_ssh) < len(relays):
                bridge_identity(load_certificates(Path(folder)))
            if by_ssh:
                OwnSshKey(Path(folder), by_ssh)
        except ConfigurationError as error:
            raise ConfigurationError(error.what.replace(folder, str(path)), todo=error.todo) from error


def ask_for_proxy(
    before: Installation | None, proxy: ProxyChoice | None, login: Path | None, relays: Sequence[RelayName]
) -> ProxyChoice | None:
    """The proxy that is asked for; at first the one that the environment names. None: as before."""
    if proxy is None and before is None:
        choice = from_environment(os.environ)
        proxy = choice if any(choice.towards(relay.address) for relay in relays) else None
    if proxy is None and login is not None and before is not None and PROXY in before.variables:
        proxy = ProxyChoice(proxy=parse_proxy(before.variables[PROXY], PROXY))
    return None if proxy is None else with_login(proxy, login)
