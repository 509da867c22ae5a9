"""The directory of the demonstration, simulated: its own domain, with an account that may write in one unit only."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connect_worker.demonstration.certificate import make_certificate, server_context
from connect_worker.demonstration.passwords import new_password
from connect_worker.model.secret import Secret
from connect_worker.settings import DirectorySettings
from connect_worker.simulator.creation import create
from connect_worker.simulator.foundation import found_domain
from connect_worker.simulator.server import Simulator
from connect_worker.simulator.storage import load, save
from connect_worker.simulator.tree import Tree

DOMAIN = "DC=school,DC=test"
UNIT = f"OU=Schule,{DOMAIN}"
ACCOUNT = f"CN=svc-connect,CN=Users,{DOMAIN}"
"""The service account: full control of UNIT, as an administrator would delegate it, and no other right."""
NEVER_EXPIRES = b"66048"
START_SECONDS = 10


def create_directory(folder: Path, password: Secret) -> None:
    """Write a new domain, and the certificate of its controller, into a folder; `password` is the account's."""
    folder.mkdir(mode=0o700)
    make_certificate(folder)
    tree = Tree(DOMAIN)
    found_domain(tree, password=new_password())
    create(tree, UNIT, {"objectClass": (b"organizationalUnit",)})
    account = {
        "objectClass": (b"user",),
        "sAMAccountName": (b"svc-connect",),
        "userAccountControl": (NEVER_EXPIRES,),
        "unicodePwd": (f'"{password.reveal()}"'.encode("utf-16-le"),),
    }
    create(tree, ACCOUNT, account)
    save(tree, _file(folder))


@contextmanager
def serving(folder: Path, password: Secret) -> Iterator[DirectorySettings]:
    """Serve the domain of a folder on a free port of this machine; what was written is saved at the end.

    It works in a thread, and so ends with this process, whatever ends it.
    """
    tree = Tree(DOMAIN)
    load(tree, _file(folder))
    simulator = Simulator(tree, tls=server_context(folder))
    simulator.rights.delegate(ACCOUNT, UNIT)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="directory", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(simulator.__aenter__(), loop).result(START_SECONDS)
    try:
        yield DirectorySettings(
            url=simulator.tls_url,
            bind_dn=ACCOUNT,
            password=password,
            ca=(folder / "ca.crt").read_text(),
        )
    finally:
        asyncio.run_coroutine_threadsafe(simulator.__aexit__(None, None, None), loop).result(START_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_SECONDS)
        loop.close()
        save(tree, _file(folder))


def _file(folder: Path) -> Path:
    return folder / "directory.json"
