"""Where a path stands: the servers that it leads to, and how far away they are."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path as Folder

from benchmarks.processes import telling_ports
from benchmarks.traffic import Path, Servers


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What a path is built from: the servers, a folder of its own, and how long the way to the customer is."""

    servers: Servers
    folder: Folder
    round_trip: float

    @contextmanager
    def distant(self, port: int) -> Iterator[int]:
        """Within: the port by which one port is reached over the long way; the same port if there is none."""
        if not self.round_trip:
            yield port
            return
        with telling_ports("benchmarks.delay_line", str(port), str(self.round_trip)) as (_, (line,)):
            yield line


OpenPath = Callable[[Site], AbstractContextManager[Path]]
