"""A relay, a bridge and targets, on certificates made once. Tests that change what stands start their own."""

from collections.abc import AsyncIterator, Iterator

import pytest

from connect_relay.rpc import Channel
from tests.support.relay import OTHER_REALM, REALM, Command, Pki, RelayCommand, start_bridge, worker_channel
from tests.support.targets import Targets, targets


@pytest.fixture(scope="package")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"), REALM, OTHER_REALM)


@pytest.fixture(scope="package")
def goals() -> Iterator[Targets]:
    with targets() as running:
        yield running


@pytest.fixture(scope="package")
def relay(pki: Pki) -> Iterator[RelayCommand]:
    with RelayCommand.serve(pki) as running:
        yield running


@pytest.fixture(scope="package")
def bridge(pki: Pki, relay: RelayCommand, goals: Targets) -> Iterator[Command]:
    with start_bridge(pki.bridge(), relay.port, goals.by_name(), "--dial-seconds", "1") as running:
        running.wait_for("relay connected")
        yield running


@pytest.fixture
async def channel(pki: Pki, relay: RelayCommand, bridge: Command) -> AsyncIterator[Channel]:
    """A worker's, while the bridge is there."""
    del bridge
    async with worker_channel(pki.worker(), relay.address) as running:
        yield running


@pytest.fixture
def own_relay(pki: Pki) -> Iterator[RelayCommand]:
    """For one test alone."""
    with RelayCommand.serve(pki, "--drain-seconds", "1", "--heartbeat-seconds", "1") as running:
        yield running


@pytest.fixture
def own_bridge(pki: Pki, own_relay: RelayCommand, goals: Targets) -> Iterator[Command]:
    """For one test alone."""
    options = ("--heartbeat-seconds", "1", "--longest-pause-seconds", "0.5")
    with start_bridge(pki.bridge(), own_relay.port, goals.by_name(), *options) as running:
        running.wait_for("relay connected")
        yield running


@pytest.fixture
async def own_channel(pki: Pki, own_relay: RelayCommand, own_bridge: Command) -> AsyncIterator[Channel]:
    """A worker's, for one test alone."""
    del own_bridge
    async with worker_channel(pki.worker(), own_relay.address) as running:
        yield running
