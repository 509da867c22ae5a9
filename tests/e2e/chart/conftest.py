"""A cluster of these tests' own, with the chart in it: its definitions are of the whole cluster."""

from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.start import start_cluster

NAMESPACE = "schools"


@pytest.fixture(scope="package")
def chart_cluster() -> Iterator[Cluster]:
    with start_cluster() as cluster:
        cluster.create_namespace(NAMESPACE)
        yield cluster
