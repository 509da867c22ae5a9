"""The configurator's tables: what cannot be used is named, all at once."""

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.store.configuration import ConfigurationRows, configuration_of


def test_missing_base_and_unknown_criteria_are_told_together() -> None:
    """A group made by hand is no rule that yields groups."""
    rows = ConfigurationRows(
        config={"dn": ""}, levels=(), mandants=(), groups=({"criterion": "per_moon"}, {"criterion": "manual"})
    )
    with pytest.raises(ConfigurationError) as raised:
        configuration_of(rows)
    base, first, second = raised.value.faults
    assert "connect_config.dn is empty" in base
    assert first.endswith("criterion per_moon")
    assert second.endswith("criterion manual")
