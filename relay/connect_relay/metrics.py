"""The relay's metrics, for Prometheus."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

from connect_protocol.relay.frames import ResetCode
from connect_protocol.relay.identity import Role
from connect_relay.audit import CLOSED, Attempt
from connect_relay.handshakes import THROUGH, Cause
from connect_relay.settings import Transport

OPENED = "OPENED"
TO_TARGET = "to_target"
FROM_TARGET = "from_target"
_DIAL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Numbers of one relay. What is over is counted; what is under way is asked for when somebody reads."""

    def __init__(self, *, most_realms: int = 1000) -> None:
        """Of `most_realms` something is told each; of more, what was seen last."""
        self._most_seen = most_realms * len(Role)
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._registry = CollectorRegistry()
        self._dials = Counter(
            "connect_relay_dials_total",
            "Dials of workers by result: OPENED, or the code of the reset.",
            ["result"],
            registry=self._registry,
        )
        self._ends = Counter(
            "connect_relay_connections_ended_total",
            "Connections that had been opened, by how they ended: CLOSED, or the code of the reset.",
            ["result"],
            registry=self._registry,
        )
        self._opened = Counter(
            "connect_relay_connections_opened_total",
            "Connections that have been opened, by what their worker and their bridge speak.",
            ["worker", "bridge"],
            registry=self._registry,
        )
        self._dial_seconds = Histogram(
            "connect_relay_dial_seconds",
            "From a worker's dial to the target's answer, the wait for a bridge within.",
            buckets=_DIAL_SECONDS,
            registry=self._registry,
        )
        self._handshakes = Counter(
            "connect_relay_handshakes_total",
            "TLS handshakes of callers by result: THROUGH, or the cause of the failure.",
            ["result"],
            registry=self._registry,
        )
        self._reloads = Counter(
            "connect_relay_reloads_total",
            "Files that had changed, by what came of it: loaded, or refused, and what was there before stays.",
            ["file", "result"],
            registry=self._registry,
        )
        self._ends_at = Gauge(
            "connect_relay_certificate_not_after_timestamp_seconds",
            "When certificates end: relay, authority, crl (its next update), and REALM/ROLE as last seen.",
            ["whose"],
            registry=self._registry,
        )
        self._show_zeros()

    def watch(self, name: str, description: str, count: Callable[[], int]) -> None:
        """Show how many of something there are now."""
        Gauge(f"connect_relay_{name}", description, registry=self._registry).set_function(count)

    def collect(self, collector: Collector) -> None:
        """Show what a collector knows."""
        self._registry.register(collector)

    def opened(self, attempt: Attempt, bridge: Transport) -> None:
        """A dial has reached its target, through a bridge that speaks so."""
        self._dials.labels(OPENED).inc()
        self._opened.labels(attempt.caller.transport.value, bridge.value).inc()
        if attempt.dial_seconds is not None:
            self._dial_seconds.observe(attempt.dial_seconds)

    def handshake(self, result: str) -> None:
        """A caller has got through TLS, or not."""
        self._handshakes.labels(result).inc()

    def over(self, attempt: Attempt) -> None:
        """A worker's attempt is over."""
        counter = self._dials if attempt.dial_seconds is None else self._ends
        counter.labels(attempt.result).inc()

    def reloaded(self, file: str, result: str) -> None:
        """A file has changed."""
        self._reloads.labels(file, result).inc()

    def ends_at(self, whose: str, end: datetime) -> None:
        """Something of the relay's own ends then."""
        self._ends_at.labels(whose).set(end.timestamp())

    def certificate_seen(self, whose: str, end: datetime) -> None:
        """Somebody has come with a certificate that ends then."""
        self._seen[whose] = None
        self._seen.move_to_end(whose)
        self.ends_at(whose, end)
        if len(self._seen) > self._most_seen:
            self._ends_at.remove(self._seen.popitem(last=False)[0])

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)

    def _show_zeros(self) -> None:
        """A counter that appears only with its first event hides that event from an alert."""
        for code in ResetCode:
            self._dials.labels(code.name)
            self._ends.labels(code.name)
        for result in (THROUGH, *Cause):
            self._handshakes.labels(result)
        self._dials.labels(OPENED)
        for worker, bridge in product(Transport, Transport):
            self._opened.labels(worker.value, bridge.value)
        self._ends.labels(CLOSED)
