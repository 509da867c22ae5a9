"""The session's cluster, for a conftest to import."""

from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.start import start_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster with a node and service names. Tests share it: each works in namespaces of its own."""
    with start_cluster() as started:
        yield started
