"""The stage of a running worker stands in the end of its log."""

from connect_operator.kubectl.stage import stage_of


def test_the_last_stage_counts() -> None:
    log = '{"event": "migrated", "stage": "migrate"}\n{"event": "updated", "stage": "update"}\n'
    assert stage_of(log) == "update"


def test_progress_is_told_with_the_stage_that_it_is_of() -> None:
    progress = '{"event": "progress", "stage": "apply", "done": 120, "total": 480}\n'
    assert stage_of(progress) == "apply 120/480"
    assert stage_of(progress + '{"event": "x", "stage": "write"}') == "write"


def test_what_is_no_event_is_passed_over() -> None:
    assert stage_of('{"stage": "plan"}\nTraceback\n["stage"]\n{"event": "connected"}\n{"stag') == "plan"
    assert stage_of("") == ""
