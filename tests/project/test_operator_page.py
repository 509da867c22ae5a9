"""docs/reference/operator.md names every variable and metric that there is, and no others."""

import re
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from connect_operator.job_metrics import GAUGES, QUEUED
from connect_operator.metrics import OperatorMetrics, QueueCollector, RecheckCollector
from connect_operator.queue import Depth
from connect_operator.settings import Variable
from tests.support.repository import ROOT

PAGE = (ROOT / "docs" / "reference" / "operator.md").read_text(encoding="utf-8")


def rows(prefix: str) -> set[str]:
    """The first cells of the page's tables that begin so."""
    return set(re.findall(rf"^\| `({prefix}[^`]*)` \|", PAGE, re.MULTILINE))


def test_every_variable_is_on_the_page() -> None:
    assert rows("CONNECT_") == {variable.value for variable in Variable}


def test_every_metric_is_on_the_page() -> None:
    registry = CollectorRegistry()
    OperatorMetrics(registry)
    empty = Depth(waiting=0, running=0, delayed=0, failing=0, oldest=timedelta())
    registry.register(QueueCollector(lambda: empty))
    registry.register(RecheckCollector(lambda: datetime.now(UTC)))
    own = {metric.name + ("_total" if metric.type == "counter" else "") for metric in registry.collect()}
    assert rows("connect_") == own | {QUEUED.name} | {gauge.family.name for gauge in GAUGES}
