"""A relay, a bridge and targets, on certificates made once. Tests that change what stands start their own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connect_relay.rpc import Channel
from tests.support.hosts import Hosts
from tests.support.leaks import Stage
from tests.support.openssh import Ssh, SshKeys, ssh_port, stock_bridge
from tests.support.relay import NAME, OTHER_REALM, REALM, Command, Pki, RelayCommand, start_bridge, worker_channel
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


@pytest.fixture(scope="module")
def stage(pki: Pki, goals: Targets) -> Iterator[Stage]:
    """A relay with little patience for who abuses it."""
    with (
        RelayCommand.serve(pki, "--patience-seconds", "1", "--drain-seconds", "1") as relay,
        start_bridge(pki.bridge(), relay.port, goals.by_name()) as bridge,
    ):
        yield Stage.set_up(pki, relay, bridge)


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    """What NAME stands for."""
    return Hosts(tmp_path / "hosts", NAME)


@pytest.fixture(scope="package")
def ssh_keys(tmp_path_factory: pytest.TempPathFactory) -> SshKeys:
    return SshKeys.create(tmp_path_factory.mktemp("ssh"), REALM, OTHER_REALM)


@pytest.fixture(scope="package")
def ssh_relay(pki: Pki, ssh_keys: SshKeys) -> Iterator[RelayCommand]:
    """One with an SSH port."""
    with RelayCommand.serve(pki, *ssh_port(ssh_keys), "--dial-seconds", "1") as running:
        yield running


@pytest.fixture(scope="package")
def ssh_bridge(ssh_keys: SshKeys, ssh_relay: RelayCommand, goals: Targets) -> Iterator[Ssh]:
    """A stock ssh with all targets."""
    with stock_bridge(ssh_keys, ssh_relay.ssh_port, goals.by_name()) as running:
        ssh_relay.wait_for("attach", result="ATTACHED", transport="SSH")
        yield running


@pytest.fixture
def own_ssh_relay(pki: Pki, ssh_keys: SshKeys) -> Iterator[RelayCommand]:
    """For one test alone."""
    options = ("--drain-seconds", "1", "--heartbeat-seconds", "1")
    with RelayCommand.serve(pki, *ssh_port(ssh_keys), *options) as running:
        yield running


@pytest.fixture
def own_ssh_bridge(ssh_keys: SshKeys, own_ssh_relay: RelayCommand, goals: Targets) -> Iterator[Ssh]:
    """For one test alone."""
    with stock_bridge(ssh_keys, own_ssh_relay.ssh_port, goals.by_name()) as running:
        own_ssh_relay.wait_for("attach", result="ATTACHED", transport="SSH")
        yield running


@pytest.fixture
async def own_mixed_channel(pki: Pki, own_ssh_relay: RelayCommand, own_ssh_bridge: Ssh) -> AsyncIterator[Channel]:
    """A worker's that speaks gRPC, for one test alone, while a stock ssh is the bridge."""
    del own_ssh_bridge
    async with worker_channel(pki.worker(), own_ssh_relay.address) as running:
        yield running
