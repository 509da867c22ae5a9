"""What every test on a cluster may ask for."""

from tests.cluster.fixtures import cluster

__all__ = ["cluster"]
