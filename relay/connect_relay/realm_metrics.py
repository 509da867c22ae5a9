"""Metrics of each realm, made of what the relay knows when somebody reads them."""

import time
from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connect_protocol.relay.frames import ResetCode
from connect_relay.accounts import Account
from connect_relay.metrics import FROM_TARGET, TO_TARGET
from connect_relay.switchboard import Switchboard


class RealmCollector(Collector):
    """What the switchboard knows. No more realms are told apart than the relay is meant for."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        accounts = list(self._switchboard.accounts)
        yield self._connected(accounts)
        yield self._bridges()
        yield self._seen(accounts)
        yield self._connections(accounts)
        yield _bytes(accounts)
        yield _bytes_of_realms(accounts)
        yield _refusals(accounts)
        yield _waited(accounts)

    def _connected(self, accounts: list[Account]) -> Metric:
        family = GaugeMetricFamily(
            "connect_relay_bridge_connected", "Whether a bridge of the realm is attached.", labels=["realm"]
        )
        for account in accounts:
            family.add_metric([account.realm], self._switchboard.registry.is_served(account.realm))
        return family

    def _bridges(self) -> Metric:
        family = GaugeMetricFamily(
            "connect_relay_bridge_info",
            "Bridges that are attached, by version and transport.",
            labels=["realm", "version", "transport"],
        )
        bridges = self._switchboard.registry.bridges
        for labels, count in Counter((each.realm, each.version, each.transport.value) for each in bridges).items():
            family.add_metric(labels, count)
        return family

    def _seen(self, accounts: list[Account]) -> Metric:
        family = GaugeMetricFamily(
            "connect_relay_bridge_last_seen_timestamp_seconds",
            "When the realm's last bridge left; now, while one is attached.",
            labels=["realm"],
        )
        left = {absence.realm: absence.since.timestamp() for absence in self._switchboard.registry.absent}
        for account in accounts:
            if self._switchboard.registry.is_served(account.realm):
                family.add_metric([account.realm], time.time())
            elif account.realm in left:
                family.add_metric([account.realm], left[account.realm])
        return family

    def _connections(self, accounts: list[Account]) -> Metric:
        family = GaugeMetricFamily(
            "connect_relay_realm_connections", "Connections of the realm that are open now.", labels=["realm"]
        )
        for account in accounts:
            family.add_metric([account.realm], self._switchboard.connections.taken_of(account.realm))
        return family


def _bytes(accounts: list[Account]) -> Metric:
    family = CounterMetricFamily("connect_relay_bytes", "Bytes of connections that have passed.", labels=["direction"])
    family.add_metric([TO_TARGET], sum(account.sent for account in accounts))
    family.add_metric([FROM_TARGET], sum(account.received for account in accounts))
    return family


def _bytes_of_realms(accounts: list[Account]) -> Metric:
    family = CounterMetricFamily(
        "connect_relay_realm_bytes", "Bytes of the realm's connections that have passed.", labels=["realm", "direction"]
    )
    for account in accounts:
        family.add_metric([account.realm, TO_TARGET], account.sent)
        family.add_metric([account.realm, FROM_TARGET], account.received)
    return family


def _refusals(accounts: list[Account]) -> Metric:
    """With zeros: a counter that appears only with its first event hides that event from an alert."""
    family = CounterMetricFamily(
        "connect_relay_refusals", "Attempts of the realm that were not granted, by code.", labels=["realm", "code"]
    )
    for account in accounts:
        for code in ResetCode:
            family.add_metric([account.realm, code.name], account.refusals[code])
    return family


def _waited(accounts: list[Account]) -> Metric:
    family = CounterMetricFamily(
        "connect_relay_throttled_seconds",
        "How long frames of the realm have waited for its share of bytes a second, or for that of all.",
        labels=["realm"],
    )
    for account in accounts:
        family.add_metric([account.realm], account.waited)
    return family
