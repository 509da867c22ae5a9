"""A simulated domain without a server, with a clock and identifiers of the test's own."""

import itertools
from datetime import UTC, datetime
from uuid import UUID

import pytest

from connect_worker.simulator.foundation import found_domain
from connect_worker.simulator.tree import Tree


@pytest.fixture
def tree() -> Tree:
    """DC=school,DC=test on its first day, at a moment that stands still."""
    numbers = itertools.count(1)
    tree = Tree(
        "DC=school,DC=test",
        clock=lambda: datetime(2026, 11, 22, 12, tzinfo=UTC),
        new_guid=lambda: UUID(int=next(numbers)),
    )
    found_domain(tree, password="Passw0rd.Adm1n")
    return tree
