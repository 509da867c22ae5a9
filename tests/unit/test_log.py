"""What the log looks like, and what never stands in it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from connect_worker.log import bind_run, configure_log, stage
from connect_worker.model.secret import Secret


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Whatever a test configures, the next one finds nothing of it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def pod() -> io.StringIO:
    """Standard error of a pod."""
    stream = io.StringIO()
    configure_log({}, stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def log() -> Any:
    return structlog.get_logger()


def refuse(password: str) -> None:
    raise RuntimeError(f"refused a password of {len(password)} signs")


def test_in_a_pod_every_line_is_json(pod: io.StringIO) -> None:
    log().info("users read", users=190, school="Schule Zürich")

    [line] = lines(pod)

    assert line["event"] == "users read"
    assert line["level"] == "info"
    assert line["users"] == 190
    assert "Zürich" in pod.getvalue()
    assert line["timestamp"].endswith("Z")


def test_run_realm_and_stage_stand_on_every_line(pod: io.StringIO) -> None:
    bind_run(run_id="3f1c", realm="musterdorf")
    with stage("update"):
        log().info("within")
        logging.getLogger("asyncpg").warning("by a library")
    log().info("after")

    within, library, after = lines(pod)

    assert (within["run"], within["realm"], within["stage"]) == ("3f1c", "musterdorf", "update")
    assert (library["run"], library["realm"], library["stage"]) == ("3f1c", "musterdorf", "update")
    assert (after["run"], after["realm"]) == ("3f1c", "musterdorf")
    assert "stage" not in after


def test_a_second_run_takes_nothing_over_from_the_first(pod: io.StringIO) -> None:
    bind_run(run_id="1", realm="musterdorf")
    structlog.contextvars.bind_contextvars(left="over")
    bind_run(run_id="2", realm="nachbardorf")
    log().info("line")

    [line] = lines(pod)

    assert (line["run"], line["realm"]) == ("2", "nachbardorf")
    assert "left" not in line


def test_a_terminal_gets_colours_and_no_json() -> None:
    stream = Terminal()
    configure_log({}, stream)
    log().info("users read", users=190)

    text = stream.getvalue()

    assert "\x1b[" in text
    assert "users read" in text
    assert not text.startswith("{")


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({}, ["info", "warning"]),
        ({"CONNECT_LOG_LEVEL": "debug"}, ["debug", "info", "warning"]),
        ({"CONNECT_LOG_LEVEL": "warning"}, ["warning"]),
        ({"CONNECT_LOG_LEVEL": "loud"}, ["info", "warning"]),
    ],
)
def test_the_environment_sets_the_level(environ: dict[str, str], shown: list[str]) -> None:
    stream = io.StringIO()
    configure_log(environ, stream)
    for level in ("debug", "info", "warning"):
        getattr(log(), level)("line")

    assert [line["level"] for line in lines(stream)] == shown


def test_libraries_are_heard_from_warning_on(pod: io.StringIO) -> None:
    logging.getLogger("ldap3").info("chatter")
    logging.getLogger("ldap3").warning("trouble with %s", "dc1")

    [line] = lines(pod)

    assert (line["event"], line["logger"], line["level"]) == ("trouble with dc1", "ldap3", "warning")


@pytest.mark.parametrize(
    "name",
    ["password", "Password", "initial_password", "passwort", "client_secret", "encryption_key", "key", "token"],
)
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_what_is_named_like_a_secret_is_masked(name: str, stream: type[io.StringIO]) -> None:
    out = stream()
    configure_log({}, out)
    log().info("line", **{name: "Blu3+8me", "settings": {name: "Blu3+8me", "parts": [{name: ["Blu3+8me"]}]}})

    assert "***" in out.getvalue()
    assert "Blu3+8me" not in out.getvalue()


def test_a_secret_masks_itself_under_any_name(pod: io.StringIO) -> None:
    log().info("line", harmless=Secret("Blu3+8me"), several=[Secret("Blu3+8me")])

    assert "Blu3+8me" not in pod.getvalue()


def test_counts_are_no_secrets(pod: io.StringIO) -> None:
    log().info("applied", changes={"set_password": 4}, password_resets=2)

    [line] = lines(pod)

    assert line["changes"] == {"set_password": 4}
    assert line["password_resets"] == 2


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_traceback_does_not_show_the_values_of_variables(stream: type[io.StringIO]) -> None:
    out = stream()
    configure_log({}, out)

    password = Secret("em8+3ulB"[::-1])  # backwards, for this line itself may stand in the traceback

    try:
        refuse(password.reveal())
    except RuntimeError:
        log().exception("bind failed")

    assert "refused a password of 8 signs" in out.getvalue()
    assert "in refuse" in out.getvalue()
    assert "Blu3+8me" not in out.getvalue()


def test_a_librarys_traceback_is_part_of_its_line(pod: io.StringIO) -> None:
    try:
        refuse("")
    except RuntimeError:
        logging.getLogger("asyncpg").exception("connection")

    [line] = lines(pod)

    assert "RuntimeError: refused a password of 0 signs" in line["exception"]


def test_configuring_twice_writes_every_line_once(pod: io.StringIO) -> None:
    configure_log({}, pod)
    log().info("line")
    logging.getLogger("asyncpg").warning("line")

    assert len(lines(pod)) == 2
