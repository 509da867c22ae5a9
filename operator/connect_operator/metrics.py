"""What the operator itself does, counted for Prometheus as it goes on."""

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connect_operator.kind import Kind
from connect_operator.queue import Depth

BUCKETS = (0.005, 0.02, 0.1, 0.5, 2, 10, 30)


class OperatorMetrics:
    """Looks, requests, and the last word of the watch."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._looks = Counter(
            "connect_operator_reconcile", "Looks at a ConnectJob, by result", ["result"], registry=registry
        )
        self._duration = Histogram(
            "connect_operator_reconcile_duration_seconds",
            "How long a look at a ConnectJob takes",
            registry=registry,
            buckets=BUCKETS,
        )
        self._requests = Counter(
            "connect_operator_api_requests",
            "Requests to the API server, watches left out; code 0: no answer",
            ["verb", "code"],
            registry=registry,
        )
        self._last_event = Gauge(
            "connect_operator_watch_last_event_timestamp_seconds",
            "When the watch last told of an object",
            ["kind"],
            registry=registry,
        )
        for result in ("done", "failed"):
            self._looks.labels(result)

    def looked(self, seconds: float, *, result: str) -> None:
        """A look has ended: done or failed."""
        self._looks.labels(result).inc()
        self._duration.observe(seconds)

    def requested(self, verb: str, code: int) -> None:
        """The API server was asked something."""
        self._requests.labels(verb, str(code)).inc()

    def told(self, kind: Kind, at: datetime) -> None:
        """The watch has told something."""
        self._last_event.labels(kind.value.plural).set(at.timestamp())


class QueueCollector(Collector):
    """How full the queue is at the moment of the question."""

    def __init__(self, depth: Callable[[], Depth]) -> None:
        self._depth = depth

    def collect(self) -> Iterator[Metric]:
        """How many ConnectJobs, and for how long."""
        depth = self._depth()
        keys = GaugeMetricFamily("connect_operator_queue_keys", "ConnectJobs in the queue", labels=["state"])
        keys.add_metric(["waiting"], depth.waiting)
        keys.add_metric(["running"], depth.running)
        keys.add_metric(["delayed"], depth.delayed)
        keys.add_metric(["failing"], depth.failing)
        yield keys
        yield GaugeMetricFamily(
            "connect_operator_queue_oldest_seconds",
            "For how long the one that waits longest for a look that succeeds has waited",
            value=depth.oldest.total_seconds(),
        )


class RecheckCollector(Collector):
    """When the watch was last compared with the API server."""

    def __init__(self, succeeded: Callable[[], datetime]) -> None:
        self._succeeded = succeeded

    def collect(self) -> Iterator[Metric]:
        """The moment of the last comparison."""
        yield GaugeMetricFamily(
            "connect_operator_watch_last_comparison_timestamp_seconds",
            "When the watch was last compared with the API server",
            value=self._succeeded().timestamp(),
        )
