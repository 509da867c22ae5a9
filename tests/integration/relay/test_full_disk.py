"""A relay whose log has no room left: all goes on, nobody stays who has left, and later it is told."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit
from typing import Any

import pytest

from connect_protocol.relay.frames import ResetCode
from connect_relay.settings import Address
from tests.support.relay import HOST, Command, Pki, dial, refusal, start_bridge, tunnel, worker_channel
from tests.support.targets import Targets

INTO_A_FILE = 'exec "$0" "$@" > "$LOG"'


class FileLog:
    """The log of a relay of this test's own, in a file."""

    def __init__(self, path: Path, relay: Command) -> None:
        self._path = path
        self._relay = relay

    async def logged(self, event: str, **fields: object) -> Mapping[str, Any]:
        """The first line of this event and with these fields; waits for it."""
        wanted = {"event": event, **fields}
        async with asyncio.timeout(20):
            while not (found := [line for line in self._lines() if wanted.items() <= line.items()]):  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.05)
        return found[0]

    def fill(self) -> None:
        """The next line is one too much."""
        self._limit(self._path.stat().st_size)

    def empty(self) -> None:
        """There is room again."""
        self._limit(RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        prlimit(self._relay.process.pid, RLIMIT_FSIZE, (size, RLIM_INFINITY))

    def _lines(self) -> list[Mapping[str, Any]]:
        complete, _, _ = (self._path.read_text() if self._path.exists() else "").rpartition("\n")
        return [json.loads(line) for line in complete.splitlines()]


@pytest.fixture
def disk(pki: Pki, tmp_path: Path) -> Iterator[FileLog]:
    path = tmp_path / "log"
    program = Path(sys.executable).with_name("connect-relay")
    serve = (
        "serve",
        "--listen",
        f"{HOST}:0",
        "--admin-listen",
        f"{HOST}:0",
        "--tls",
        pki.relay,
        "--drain-seconds",
        "1",
    )
    with Command.start("/bin/sh", "-c", INTO_A_FILE, program, *serve, variables={"LOG": str(path)}) as relay:
        yield FileLog(path, relay)


async def test_a_full_disk_breaks_no_connection_and_leaves_no_bridge(pki: Pki, goals: Targets, disk: FileLog) -> None:
    port = (await disk.logged("relay runs"))["port"]
    disk.fill()
    async with worker_channel(pki.worker(), Address(host=HOST, port=port)) as channel:
        with start_bridge(pki.bridge(), port, goals.by_name()) as bridge:
            await bridge.logged("relay connected")
            async with tunnel(channel, dial("echo")) as connection:
                await connection.write(b"through")
                assert await connection.read_exactly(7) == b"through"
        assert (await refusal(channel, dial("echo"))).code is ResetCode.BRIDGE_ABSENT
        disk.empty()
        assert (await refusal(channel, dial("echo"))).code is ResetCode.BRIDGE_ABSENT
    # Before it: attach, connect, detach, connect.
    await disk.logged("connect", lines_failed=4)
