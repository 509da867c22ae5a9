"""An HTTP proxy as schools have them: tinyproxy, on loopback, with a configuration of its own."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connect_relay.settings import Address
from tests.support.ports import listens, reserved_port

HOST = "127.0.0.1"
START_SECONDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpProxy:
    """A proxy that runs, and the log that it writes."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        """How it is named in options and variables."""
        return f"http://{HOST}:{self.port}"

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(host=HOST, port=self.port)

    def connections(self) -> list[str]:
        """The addresses that it was asked for."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [line.split(": CONNECT ")[1].split()[0] for line in lines if ": CONNECT " in line]


@contextmanager
def http_proxy(folder: Path, *settings: str) -> Iterator[HttpProxy]:
    """Within: a proxy with these lines in its configuration, such as `ConnectPort 443`."""
    with reserved_port() as port, http_proxy_on(port, folder, *settings) as proxy:
        yield proxy


@contextmanager
def http_proxy_on(port: int, folder: Path, *settings: str) -> Iterator[HttpProxy]:
    """The same, on this port."""
    folder.mkdir(exist_ok=True)
    proxy = HttpProxy(port=port, log=folder / "log")
    lines = [f"Port {proxy.port}", f"Listen {HOST}", f'LogFile "{proxy.log}"', "LogLevel Info", "DisableViaHeader Yes"]
    configuration = folder / "tinyproxy.conf"
    configuration.write_text("\n".join([*lines, *settings, ""]), encoding="ascii")
    process = subprocess.Popen(
        ["tinyproxy", "-d", "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listens(proxy.port):
            assert process.poll() is None, "tinyproxy has ended"
            assert time.monotonic() < deadline, "tinyproxy does not listen"
            time.sleep(0.02)
        yield proxy
    finally:
        process.kill()
        process.wait()
