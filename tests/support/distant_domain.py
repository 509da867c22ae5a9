"""A domain in the customers' network, looked at from inside that network."""

from collections.abc import Iterator
from contextlib import contextmanager

import ldap3

from tests.support.domain import Domain, DomainServer
from tests.support.network_namespace import NetworkNamespace


class DistantDomain(Domain):
    """Enters the network for each look, and for no longer."""

    def __init__(self, server: DomainServer, namespace: NetworkNamespace) -> None:
        super().__init__(server)
        self._namespace = namespace

    @contextmanager
    def _opened(self) -> Iterator[ldap3.Connection]:
        with self._namespace.entered(), super()._opened() as connection:
            yield connection
