"""docs/reference/schedule.md is right: every form, example, macro and refusal is put to the program."""

from datetime import datetime

import pytest

from connect_operator.schedule.clock_change import clock_change
from connect_operator.schedule.cron_fields import COLUMNS
from connect_operator.schedule.grammar import MACROS, ScheduleError, resolve
from connect_operator.schedule.zones import zone
from tests.support.repository import read, table

PAGE = read("docs/reference/schedule.md")
ZURICH = zone("Europe/Zurich")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=ZURICH)


@pytest.mark.parametrize(("schedule", "resolved", "run"), table(PAGE, "## Examples"))
def test_an_example(schedule: str, resolved: str, run: str) -> None:
    found = resolve(schedule, realm="musterwil")
    next_run = found.next_after(NOON, ZURICH)
    assert next_run is not None
    assert (found.expression, f"{next_run.astimezone(ZURICH):%a %Y-%m-%d %H:%M}") == (resolved, run)


def test_every_macro() -> None:
    told = {macro: (meaning, resolved) for macro, meaning, resolved in table(PAGE, "## Macros")}
    assert told == {macro: (text, resolve(macro, realm="musterwil").expression) for macro, text in MACROS.items()}


def test_every_field() -> None:
    assert table(PAGE, "## Fields") == [
        (
            column.name,
            f"{column.low}–{column.high}",
            " ".join(column.names),
            f"{column.low}–{column.highest_hashed}",
        )
        for column in COLUMNS
    ]


@pytest.mark.parametrize(
    "forms", [row[0] for row in table(PAGE, "In each field stands a list, separated by commas, of:\n")]
)
def test_every_form_is_understood(forms: str) -> None:
    for form in forms.replace("`", "").split(", "):
        field = "day of week" if form == "mon" else "minute"
        texts = [form if column.name == field else "*" for column in COLUMNS]
        assert resolve(" ".join(texts), realm="musterwil").expression


@pytest.mark.parametrize("schedule", [row[0] for row in table(PAGE, "## Refused")])
def test_a_refusal(schedule: str) -> None:
    with pytest.raises(ScheduleError):
        resolve(schedule, realm="musterwil")


@pytest.mark.parametrize(("schedule", "time_zone", "effect"), table(PAGE, "## Clock changes"))
def test_a_clock_change(schedule: str, time_zone: str, effect: str) -> None:
    changes = clock_change(resolve(schedule, realm="musterwil"), zone(time_zone), NOON)
    assert f"As the clocks change in {time_zone}, {effect}" in [change.sentence for change in changes]
