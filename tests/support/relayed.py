"""A worker that reaches its servers through the relay only."""

from dataclasses import replace
from pathlib import Path

from connect_protocol.relay.identity import Role
from connect_worker.settings import DatabaseSettings
from tests.support import postgres
from tests.support.builders import TODAY
from tests.support.directory_server import Server
from tests.support.domain import Domain
from tests.support.tunnel import Tunnel
from tests.support.worker import Worker


def relayed(database: DatabaseSettings, server: Server, tunnel: Tunnel, folder: Path) -> Worker:
    """A worker that is told the servers' names in the customer's network, which mean nothing on this machine."""
    worker = Worker(
        folder=folder,
        database=replace(database, host=postgres.SERVER_NAME, port=5432, server_name=None),
        directory=replace(Domain(server).access, url=f"ldaps://{server.server_name}", server_name=None),
        today=TODAY,
    )
    worker.environment |= {"CONNECT_RELAY_ADDRESS": tunnel.relay.address, "CONNECT_RELAY_WAIT": "0s"}
    worker.use_relay(tunnel.certificates.client(Role.WORKER))
    return worker
