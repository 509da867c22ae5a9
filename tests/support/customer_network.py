"""A customer's network behind a firewall that lets nothing in: a namespace with a LAN of its own, and a way out.

    cluster's namespace ── OUTSIDE ═══ veth ═══ FIREWALL ── LAN: database, domain controller, bridge

The cluster has a route to the LAN, so that nothing but the firewall stands between a pod and the servers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support import network_namespace
from tests.support.network_namespace import NetworkNamespace

OUTSIDE = "10.251.0.1"
"""The cluster's address on the line between the two: where a bridge finds the relay's node port."""
FIREWALL = "10.251.0.2"
LAN = "10.251.1.0/24"
SERVERS = "10.251.1.10"
"""Where the database and the domain controller listen in the customer's LAN."""

RULES = """
flush ruleset
table inet firewall {
    chain input {
        type filter hook input priority 0; policy accept;
        iifname "wan0" ct state established,related accept
        iifname "wan0" counter drop
    }
}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerNetwork:
    """The network: enter its namespace to start servers there, or to reach them."""

    namespace: NetworkNamespace

    @contextmanager
    def open_to_all(self) -> Iterator[None]:
        """Without the firewall, to see that it is what keeps others out."""
        self.namespace.run("nft", "flush", "ruleset")
        try:
            yield
        finally:
            self.close_firewall()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Without its way out."""
        self.namespace.run("ip", "link", "set", "wan0", "down")
        try:
            yield
        finally:
            self.namespace.run("ip", "link", "set", "wan0", "up")
            self.namespace.run("ip", "route", "replace", "default", "via", OUTSIDE)

    def close_firewall(self) -> None:
        """Let nothing in that was not asked for from inside."""
        self.namespace.run("nft", "-f", "-", stdin=RULES)


@contextmanager
def customer_network(cluster: NetworkNamespace) -> Iterator[CustomerNetwork]:
    """A customer's network beside the cluster's."""
    network = CustomerNetwork(namespace=network_namespace.create())
    try:
        _lay_line(cluster, network.namespace)
        network.close_firewall()
        yield network
    finally:
        network.namespace.close()


def _lay_line(cluster: NetworkNamespace, customer: NetworkNamespace) -> None:
    customer.run("ip", "link", "add", "wan0", "type", "veth", "peer", "name", "customer0", "netns", cluster.path)
    customer.run("ip", "address", "add", f"{FIREWALL}/30", "dev", "wan0")
    customer.run("ip", "link", "set", "wan0", "up")
    # A bridge without ports is a network card that is always there.
    customer.run("ip", "link", "add", "lan0", "type", "bridge")
    customer.run("ip", "address", "add", f"{SERVERS}/24", "dev", "lan0")
    customer.run("ip", "link", "set", "lan0", "up")
    customer.run("ip", "route", "add", "default", "via", OUTSIDE)
    cluster.run("ip", "address", "add", f"{OUTSIDE}/30", "dev", "customer0")
    cluster.run("ip", "link", "set", "customer0", "up")
    cluster.run("ip", "route", "add", LAN, "via", FIREWALL)
