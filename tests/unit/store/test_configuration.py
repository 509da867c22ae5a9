"""The configurator's tables: what cannot be used is named, all at once."""

from typing import Any

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.store.configuration import ConfigurationRows, configuration_of

PASSWORDS = {
    "password_policy": 1,
    "password_digits": 3,
    "password_length": 8,
    "disable_password_expiration": False,
    "force_password_change": False,
    "prevent_password_change": False,
}


def row(**columns: object) -> Any:
    """A row as a query returns it."""
    return columns


def config(**columns: object) -> Any:
    """The row of connect_config, as far as it may hold faults."""
    passwords = {
        f"{whose}_{column}": value for whose in ("personal", "student", "manual") for column, value in PASSWORDS.items()
    }
    return row(**{"dn": "DC=school,DC=test", "dn_personal": "", "dn_student": "", **passwords, **columns})


def test_missing_base_and_unknown_criteria_are_told_together() -> None:
    """A group made by hand is no rule that yields groups."""
    rows = ConfigurationRows(
        config=config(dn="", dn_personal="OU=Staff"),
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
        config=config(dn="Schule", dn_personal="Lehrpersonen", dn_student="OU=Lernende"),
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


def test_whoever_must_change_a_password_must_be_allowed_to() -> None:
    """The tables refuse such rows; a customer's copy of them may have lost the constraint."""
    both = {"force_password_change": True, "prevent_password_change": True}
    rows = ConfigurationRows(
        config=config(**{f"student_{column}": value for column, value in both.items()}),
        levels=(row(position=1, **PASSWORDS), row(position=2, **{**PASSWORDS, **both})),
        mandants=(),
        groups=(),
    )
    with pytest.raises(ConfigurationError) as raised:
        configuration_of(rows)
    exclusive = "force_password_change and prevent_password_change exclude each other"
    assert raised.value.faults == (
        f"connect.connect_config.student_…: {exclusive}",
        f"connect.connect_config_level at position 2: {exclusive}",
    )
