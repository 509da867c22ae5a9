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
        config=row(dn="", dn_personal="OU=Staff", dn_student=""),
        levels=(),
        mandants=(),
        groups=(row(criterion="per_moon", dn="OU=Groups"), row(criterion="manual", dn="")),
    )
    with pytest.raises(ConfigurationError) as raised:
        configuration_of(rows)
    base, first, second = raised.value.faults
    assert "connect_config.dn is empty" in base
    assert first.endswith("criterion per_moon")
    assert second.endswith("criterion manual")


def test_places_that_are_no_dn_are_told_together() -> None:
    rows = ConfigurationRows(
        config=row(dn="Schule", dn_personal="Lehrpersonen", dn_student="OU=Lernende"),
        levels=(),
        mandants=(),
        groups=(row(criterion="all_staff", dn="Gruppen"),),
    )
    with pytest.raises(ConfigurationError) as raised:
        configuration_of(rows)
    columns = [fault.partition(":")[0] for fault in raised.value.faults]
    assert columns == [
        "connect.connect_config.dn",
        "connect.connect_config.dn_personal",
        "connect.connect_config_group.dn of all_staff",
    ]
