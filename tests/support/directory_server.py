"""A directory's server for tests that run against the simulator, and some of them against Samba too."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.samba import SambaServer
from tests.support.simulator import SimulatorServer, start_simulator

Server = SambaServer | SimulatorServer


@pytest.fixture
def server(
    request: pytest.FixtureRequest, tmp_path: Path, samba_factory: Callable[[], SambaServer]
) -> Iterator[Server]:
    """A directory that nobody has touched yet: the simulator, or what a test asks for by parametrising `server`."""
    kind = getattr(request, "param", "simulator")
    started: Server = samba_factory() if kind == "samba" else start_simulator(tmp_path)
    yield started
    started.stop()
