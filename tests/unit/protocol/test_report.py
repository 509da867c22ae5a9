"""The report of a run: read back as written, and never too long for a termination message."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_protocol.counts import ChangeCount, WarningCount
from connect_protocol.report import LEAST_BYTES, OfficeLock, PeopleCount, Report, RunResult, StageDuration

REPORT = Report(
    run_id="3f1cf3d4-7b43-4c6c-8a9e-2f6b5a1d0c11",
    realm="musterdorf",
    command="run",
    result=RunResult.BLOCKED,
    reason="BlockedByWarnings",
    exit_code=3,
    started_at="2026-11-22T03:00:00+00:00",
    finished_at="2026-11-22T03:01:10.250000+00:00",
    stages=(StageDuration(stage="update", seconds=1.25), StageDuration(stage="validate", seconds=0.5)),
    changes=(
        ChangeCount(kind="create_user", result="planned", count=12),
        ChangeCount(kind="create_user", result="failed", count=1),
        ChangeCount(kind="disable", result="planned", count=2),
    ),
    user_warnings=(WarningCount(code=1, count=3),),
    group_warnings=(WarningCount(code=4, count=2),),
    errors=("create user S.10001 as CN=Jörg,DC=x: 52D refused",),
    message="3 users have warning 1",
    todo="Choose a mandant for them",
    plan_checksum="sha256:" + "0123456789abcdef" * 4,
    people=PeopleCount(in_scope=190, out_of_scope=10),
    office_lock=OfficeLock(by="K. Muster", reason="classes are being merged", since="2026-11-20T08:00:00+00:00"),
)

counts = st.integers(min_value=0, max_value=10**9)
texts = st.text(max_size=400)
anything = st.builds(
    Report,
    run_id=texts,
    realm=texts,
    command=texts,
    result=st.sampled_from(RunResult),
    reason=texts,
    exit_code=st.integers(min_value=0, max_value=255),
    started_at=texts,
    finished_at=texts,
    stages=st.lists(
        st.builds(StageDuration, stage=texts, seconds=st.integers(0, 10**6).map(float)), unique_by=lambda row: row.stage
    ).map(tuple),
    changes=st.dictionaries(texts, st.dictionaries(texts, counts, min_size=1)).map(
        lambda kinds: tuple(
            ChangeCount(kind=kind, result=result, count=count)
            for kind, results in kinds.items()
            for result, count in results.items()
        )
    ),
    user_warnings=st.dictionaries(counts, counts).map(
        lambda codes: tuple(WarningCount(code=code, count=count) for code, count in codes.items())
    ),
    errors=st.lists(st.text(max_size=2000), max_size=12).map(tuple),
    message=st.text(max_size=3000),
    todo=st.text(max_size=3000),
    plan_checksum=st.none() | texts.filter(bool),
    approved_by=st.none() | texts.filter(bool),
    people=st.none() | st.builds(PeopleCount, in_scope=counts, out_of_scope=counts),
    office_lock=st.none() | st.builds(OfficeLock, by=texts, reason=texts, since=texts),
    shortened=st.booleans(),
)


@given(anything)
def test_a_report_is_read_back_as_it_was_written(report: Report) -> None:
    assert Report.from_json(report.to_json()) == report


@given(anything, st.integers(min_value=LEAST_BYTES, max_value=5000))
def test_a_termination_message_is_short_enough_valid_and_says_how_the_run_ended(report: Report, limit: int) -> None:
    message = report.to_termination_message(limit)

    read = Report.from_json(message)
    assert len(message.encode()) <= limit
    assert (read.result, read.exit_code) == (report.result, report.exit_code)
    assert read.shortened or read == report


def test_a_termination_message_of_4096_bytes_holds_an_ordinary_report_whole() -> None:
    assert Report.from_json(REPORT.to_termination_message()) == REPORT


def test_errors_go_first_and_the_message_stays() -> None:
    errors = tuple(f"error {number}: {'ä' * 500}" for number in range(10))

    read = Report.from_json(replace(REPORT, errors=errors).to_termination_message(2000))

    assert read.shortened
    assert read.message == REPORT.message
    assert 0 < len(read.errors) < 10
    assert read.errors[0].startswith("error 0: ä")


def test_in_the_smallest_message_run_result_and_reason_are_whole() -> None:
    long = replace(REPORT, message="x" * 9000, errors=("y" * 9000,) * 10, todo="z" * 9000, realm="r" * 63)

    read = Report.from_json(long.to_termination_message(LEAST_BYTES))

    assert (read.run_id, read.realm, read.reason, read.exit_code) == (long.run_id, "r" * 63, long.reason, 3)


@pytest.mark.parametrize("sign", ["x", "ß", "漢", "😀", '"', "\x00"])
def test_even_a_report_of_nothing_but_endless_texts_fits(sign: str) -> None:
    endless = sign * 9000
    report = Report(
        run_id=endless,
        realm=endless,
        command=endless,
        result=RunResult.FAILED,
        reason=endless,
        exit_code=1,
        started_at=endless,
        finished_at=endless,
        message=endless,
        todo=endless,
        plan_checksum=endless,
    )

    message = report.to_termination_message(LEAST_BYTES)

    assert len(message.encode()) <= LEAST_BYTES
    assert Report.from_json(message).exit_code == 1


def test_a_cut_text_ends_in_an_ellipsis() -> None:
    read = Report.from_json(replace(REPORT, message="weiß " * 2000).to_termination_message())

    assert read.message.startswith("weiß weiß")
    assert read.message.endswith("…")


def test_a_limit_that_no_report_fits_in_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 512 bytes, not 511"):
        REPORT.to_termination_message(511)


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    message = replace(REPORT, message="broken \ud800 name").to_termination_message()

    assert Report.from_json(message).message == "broken ? name"


def test_the_json_is_one_line_in_camel_case() -> None:
    text = REPORT.to_json()

    assert "\n" not in text
    assert json.loads(text) == {
        "schema": 1,
        "runId": "3f1cf3d4-7b43-4c6c-8a9e-2f6b5a1d0c11",
        "realm": "musterdorf",
        "command": "run",
        "result": "blocked",
        "reason": "BlockedByWarnings",
        "exitCode": 3,
        "startedAt": "2026-11-22T03:00:00+00:00",
        "finishedAt": "2026-11-22T03:01:10.250000+00:00",
        "message": "3 users have warning 1",
        "todo": "Choose a mandant for them",
        "planChecksum": "sha256:" + "0123456789abcdef" * 4,
        "people": {"inScope": 190, "outOfScope": 10},
        "officeLock": {
            "by": "K. Muster",
            "reason": "classes are being merged",
            "since": "2026-11-20T08:00:00+00:00",
        },
        "stages": {"update": 1.25, "validate": 0.5},
        "changes": {"create_user": {"planned": 12, "failed": 1}, "disable": {"planned": 2}},
        "warnings": {"users": {"1": 3}, "groups": {"4": 2}},
        "errors": ["create user S.10001 as CN=Jörg,DC=x: 52D refused"],
    }


def test_fields_of_a_later_version_are_passed_over() -> None:
    document = {**json.loads(REPORT.to_json()), "weather": {"sunny": True}}

    assert Report.from_json(json.dumps(document)) == REPORT


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "report.schema is 2, and only 1 can be read here"),
        ({"schema": None}, "report.schema should be a whole number, not missing"),
        ({"runId": None}, "report.runId should be a string, not missing"),
        ({"exitCode": "3"}, "report.exitCode should be a whole number, not str"),
        ({"exitCode": True}, "report.exitCode should be a whole number, not a truth value"),
        ({"result": "splendid"}, "report.result should be one of done, blocked, failed, stopped, not 'splendid'"),
        ({"errors": [1]}, "report.errors should be a list of strings, not int"),
        ({"stages": {"update": "fast"}}, "report.stages.update should be a whole number, not str"),
        ({"stages": {"update": float("nan")}}, "report.stages.update should be a number, not nan"),
        ({"stages": {"update": float("-inf")}}, "report.stages.update should be a number, not -inf"),
        ({"exitCode": 2**63}, "report.exitCode should be a whole number of at most 64 bits"),
        ({"changes": {"delete": {"done": -(2**63) - 1}}}, "report.changes.delete.done should be a whole number of at"),
        ({"stages": []}, "report.stages should be an object, not list"),
        ({"changes": {"create_user": 1}}, "report.changes.create_user should be an object, not int"),
        ({"warnings": {"users": {"one": 1}}}, "warnings are counted for a code 'one', which is no number"),
        ({"people": {"inScope": 1}}, "report.people.outOfScope should be a whole number, not missing"),
        ({"shortened": 1}, "report.shortened should be true or false, not int"),
    ],
)
def test_a_report_that_cannot_be_read_says_which_field(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        Report.from_json(json.dumps({**json.loads(REPORT.to_json()), **change}))


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "report is not JSON"), ("{", "report is not JSON"), ("[]", "report should be an object, not list")],
)
def test_what_is_no_report_at_all_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Report.from_json(text)
