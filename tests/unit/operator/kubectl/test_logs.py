"""The log of a run is for people; the plan in it is for programs, and is left out."""

import pytest

from connect_operator.kubectl.logs import Reading

PLAN = "connect-plan 0f343b0931126a20 1/2 {}\nconnect-plan 0f343b0931126a20 2/2 ]}\n"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_plan_is_left_out_however_the_log_is_cut(size: int) -> None:
    log = f"Planned plan of musterwil\n{PLAN}a line without an end"
    reading = Reading()
    pieces = [log[start : start + size] for start in range(0, len(log), size)]
    read = "".join(map(reading.take, pieces)) + reading.rest()
    assert read == "Planned plan of musterwil\na line without an end\n"
    assert reading.has_plan


def test_a_log_without_a_plan_stays_as_it_is() -> None:
    reading = Reading()
    assert reading.take("Synced run of musterwil\n\n") + reading.rest() == "Synced run of musterwil\n\n"
    assert not reading.has_plan
