"""The configurator's tables: what cannot be used is named, all at once."""

from typing import Any

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.store.configuration import ConfigurationRows, configuration_of


def row(**columns: str) -> Any:
    """A row as a query returns it."""
    return columns


def test_missing_base_and_unknown_criteria_are_told_together() -> None:
    """A group made by hand is no rule that yields groups."""
    rows = ConfigurationRows(
        config=row(dn=""), levels=(), mandants=(), groups=(row(criterion="per_moon"), row(criterion="manual"))
    )
    with pytest.raises(ConfigurationError) as raised:
        configuration_of(rows)
    base, first, second = raised.value.faults
    assert "connect_config.dn is empty" in base
    assert first.endswith("criterion per_moon")
    assert second.endswith("criterion manual")
