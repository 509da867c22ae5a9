"""The worker's end of the relay as a process of its own: its tunnel, with listeners for database and directory."""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import uvloop

from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings, DirectorySecret, GrpcRelay, RelaySettings, Settings, SshRelay
from connect_worker.tunnel.way import open_way

REALM = "musterwil"
WAIT = timedelta(seconds=20)


def settings(relay: RelaySettings) -> Settings:
    """Those of a run that reaches its servers through this relay."""
    return Settings(
        realm=REALM,
        run_id="benchmark",
        encryption_keys=(),
        database=DatabaseSettings(host="database", port=5432, name="", username="", password=Secret("")),
        directory=DirectorySecret(),
        time_zone=ZoneInfo("UTC"),
        timeout=WAIT,
        lock_wait=WAIT,
        relay=relay,
    )


def by_grpc(address: str, folder: Path) -> GrpcRelay:
    """`folder` holds tls.crt, tls.key, ca.crt."""
    certificate, key, ca = ((folder / name).read_text(encoding="utf-8") for name in ("tls.crt", "tls.key", "ca.crt"))
    return GrpcRelay(addresses=(address,), certificate=certificate, key=Secret(key), ca=ca, wait=WAIT)


def by_ssh(address: str, folder: Path) -> SshRelay:
    """`folder` holds sshPrivateKey, knownHosts."""
    key, known_hosts = ((folder / name).read_text(encoding="utf-8") for name in ("sshPrivateKey", "knownHosts"))
    return SshRelay(addresses=(address,), key=Secret(key), known_hosts=known_hosts, wait=WAIT)


async def run(relay: RelaySettings) -> None:
    """Print both ports, the directory's first, and carry connections until killed."""
    async with open_way(settings(relay)) as way:
        await way.probe()
        directory = way.settings.directory
        assert directory is not None
        print(directory.tunnel_port, way.settings.database.tunnel_port, flush=True)
        await asyncio.Event().wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("transport", choices=["grpc", "ssh"])
    parser.add_argument("relay", help="HOST:PORT")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(arguments)
    read = by_grpc if given.transport == "grpc" else by_ssh
    uvloop.run(run(read(given.relay, given.folder)))


if __name__ == "__main__":
    main()
