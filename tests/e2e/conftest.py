"""What every test on a cluster may ask for, and which of them stay together where several processes share the tests."""

from pathlib import PurePath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.cluster.fixtures import cluster

__all__ = ["cluster"]

EACH_FOR_ITSELF = {"operator"}
"""Folders whose modules share nothing but a cluster, which each process may have its own of."""


def scope(nodeid: str) -> str:
    """What a test stays together with: elsewhere a folder's tests share an installation, and what others left in it."""
    module = PurePath(nodeid.partition("::")[0])
    return str(module if module.parent.name in EACH_FOR_ITSELF else module.parent)


class WholeInstallations(LoadScopeScheduling):
    """Hands out all tests of an installation at once."""

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Not by marks (`--dist=loadgroup`): pytest-xdist 3.8 writes them where pytest 9.2 does not read them."""
    return WholeInstallations(config, log)
