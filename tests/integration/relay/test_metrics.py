"""The relay's metrics as Prometheus reads them."""

from tests.support.promtool import complaints
from tests.support.relay import Command, RelayCommand


async def test_prometheus_has_nothing_against_them(relay: RelayCommand, bridge: Command) -> None:
    del bridge
    _, exposition = await relay.fetch("/metrics")
    assert "connect_relay_bridge_connected" in exposition
    assert complaints(exposition) == ""


def test_the_judge_judges() -> None:
    assert "should have" in complaints("# TYPE eggs counter\neggs 1\n")
