"""docs/reference/relay.md names the options, codes, fields and metrics of relay and bridge as they are."""

import click
import pytest

from connect_protocol.relay.frames import ResetCode
from connect_relay import bridge_cli, cli
from connect_relay.metrics import Metrics
from tests.support.repository import ROOT, read, table

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


def test_the_metrics_are_those_of_the_relay() -> None:
    """Gauges are named where the relay is put together."""
    told = {row[0]: row[1] for row in table(read(PAGE), "## Metrics")}
    types = [line.split()[2:] for line in Metrics().text().decode().splitlines() if line.startswith("# TYPE")]
    counted = {name: kind for name, kind in types if not name.endswith("_created")}
    assert {name: kind for name, kind in told.items() if kind != "gauge"} == counted
    source = (ROOT / "relay" / "connect_relay" / "server.py").read_text(encoding="utf-8")
    gauges = [name.removeprefix("connect_relay_") for name, kind in told.items() if kind == "gauge"]
    assert [name for name in gauges if f'metrics.watch("{name}"' not in source] == []
    assert source.count("metrics.watch(") == len(gauges)
