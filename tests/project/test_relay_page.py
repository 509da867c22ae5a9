"""docs/reference/relay.md names the options, codes, fields and metrics of relay and bridge as they are."""

import click
import pytest

from connect_protocol.relay.frames import ResetCode
from connect_relay import cli
from connect_relay.bridge import cli as bridge_cli
from connect_relay.metrics import Metrics
from connect_relay.server import watch
from connect_relay.settings import Limits, Times
from connect_relay.switchboard import Switchboard
from tests.support.repository import read, table

PAGE = "docs/reference/relay.md"


def options(command: click.Command) -> list[tuple[str, str, str]]:
    """Flag, variable and default of each option."""
    return [
        (option.opts[0], str(option.envvar), default(option))
        for option in command.params
        if isinstance(option, click.Option)
    ]


def default(option: click.Option) -> str:
    """As the page says it."""
    if option.required:
        return "must be set"
    value = option.to_info_dict()["default"]
    return "none" if value is None else str(value)


@pytest.mark.parametrize(
    ("heading", "command"),
    [("## Options of the relay", cli.serve), ("## Options of the bridge", bridge_cli.run)],
)
def test_the_options_are_those_of_the_command(heading: str, command: click.Command) -> None:
    assert [tuple(row[:3]) for row in table(read(PAGE), heading)] == options(command)


def test_the_codes_are_those_of_the_protocol() -> None:
    told = [(row[0], int(row[1])) for row in table(read(PAGE), "## Codes")]
    assert told == [(code.name, code.value) for code in ResetCode]


async def test_the_metrics_are_those_of_the_relay() -> None:
    """Those of the process are prometheus_client's own."""
    metrics = Metrics()
    watch(metrics, Switchboard(Limits(), Times(), metrics))
    types = [line.split()[2:] for line in metrics.text().decode().splitlines() if line.startswith("# TYPE")]
    shown = {name: kind for name, kind in types if not name.endswith("_created") and not name.startswith("process_")}
    assert {row[0]: row[1] for row in table(read(PAGE), "## Metrics")} == shown
