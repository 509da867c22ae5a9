"""The alert rules, each fired and kept silent, as `promtool test rules alerts/*.yaml` does by hand."""

from pathlib import Path

import pytest

from tests.support.promtool import promtool
from tests.support.repository import ROOT

RULES = ROOT / "charts" / "connect" / "files" / "monitoring" / "alerts.yaml"
CASES = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))


def test_prometheus_takes_the_rules() -> None:
    result = promtool("check", "rules", RULES)
    assert result.exit_code == 0, result.errors


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_an_alert_fires_when_it_should_and_only_then(case: Path) -> None:
    result = promtool("test", "rules", case)
    assert result.exit_code == 0, result.output + result.errors
