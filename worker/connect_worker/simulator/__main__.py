"""`python -m connect_worker.simulator`: a directory to try Connect with, on loopback only."""

import asyncio
import os
import secrets
import signal
import ssl
from pathlib import Path

import click

from connect_worker.errors import ConfigurationError
from connect_worker.simulator.foundation import found_domain
from connect_worker.simulator.policy import Policy
from connect_worker.simulator.results import Refusal
from connect_worker.simulator.schema import Schema
from connect_worker.simulator.server import Simulator
from connect_worker.simulator.storage import load, save
from connect_worker.simulator.tree import Tree

_file = click.Path(dir_okay=False, path_type=Path)
_existing = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command()
@click.option("--base-dn", default="DC=school,DC=test", show_default=True, help="The domain.")
@click.option("--address", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option("--port", default=0, help="The LDAP port; 0, the default, chooses a free one.")
@click.option("--tls-port", default=0, help="The LDAPS port, with --certificate; 0 chooses a free one.")
@click.option("--certificate", type=_existing, help="PEM file for LDAPS and StartTLS.")
@click.option("--key", type=_existing, help="PEM file with the certificate's private key.")
@click.option("--password-file", type=_file, required=True, help="The Administrator's password; written if missing.")
@click.option("--file", "store", type=_file, help="Where the directory is read from at start and saved at the end.")
@click.option("--exchange/--no-exchange", default=True, show_default=True, help="extensionAttribute1-15 in the schema.")
def main(
    *,
    base_dn: str,
    address: str,
    port: int,
    tls_port: int,
    certificate: Path | None,
    key: Path | None,
    password_file: Path,
    store: Path | None,
    exchange: bool,
) -> None:
    """Simulate an Active Directory until SIGINT or SIGTERM; its address is the first line that it prints.

    Sign in as CN=Administrator,CN=Users and the domain. Without a certificate it accepts passwords in the clear, which
    a real one refuses.
    """
    try:
        tls = _context(certificate, key)
        tree = _open(base_dn, store, password_file, Policy(plain=tls is None), Schema(exchange=exchange))
        simulator = Simulator(tree, tls=tls, address=address, port=port, tls_port=tls_port)
    except (ConfigurationError, Refusal, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    asyncio.run(_serve(simulator, has_tls=tls is not None))
    if store is not None:
        save(tree, store)


def _context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _open(base_dn: str, store: Path | None, password_file: Path, policy: Policy, schema: Schema) -> Tree:
    tree = Tree(base_dn, policy=policy, schema=schema)
    if store is not None and store.exists():
        load(tree, store)
    else:
        found_domain(tree, password=_password(password_file))
    return tree


def _password(file: Path) -> str:
    """The password in the file, or a new one, which nobody but the file's owner can read there."""
    if file.exists():
        return file.read_text().strip()
    password = f"Aa1-{secrets.token_urlsafe(18)}"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as written:
        written.write(password)
    return password


async def _serve(simulator: Simulator, *, has_tls: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with simulator:
        click.echo(simulator.tls_url if has_tls else simulator.url)
        await stopped.wait()


if __name__ == "__main__":
    main()
