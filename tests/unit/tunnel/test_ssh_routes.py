"""By SSH: what is asked for, and what is told when it is refused."""

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from connect_protocol.relay.frames import ResetCode
from connect_worker.errors import ConfigurationError, ConnectError, ConnectionFailedError, LoginRefusedError
from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings, DirectorySecret, Settings
from connect_worker.tunnel.base import Obstacle, PassedOverError, Target
from connect_worker.tunnel.ssh_routes import Goal, JumpHostRoute, RelayRoute, goals_of

RELAY = RelayRoute(realm="musterwil")
GOALS = {Target.DATABASE: Goal(host="db.school.example", port=5432), Target.DIRECTORY: Goal(host="dc1", port=636)}
JUMP_HOST = JumpHostRoute(goals=GOALS, user="connect")
WHERE = "host.example:22"


def settings(directory: DirectorySecret | None) -> Settings:
    return Settings(
        realm="musterwil",
        run_id=str(uuid.UUID(int=0)),
        encryption_keys=(),
        database=DatabaseSettings(host="db", port=5433, name="d", username="u", password=Secret("")),
        directory=directory,
        time_zone=ZoneInfo("Europe/Zurich"),
        timeout=timedelta(hours=1),
        lock_wait=timedelta(),
    )


def test_the_relay_is_asked_by_realm_and_name() -> None:
    """The realm says for whom the worker works: the relay refuses another one's key."""
    assert {target: goal.host for target, goal in RELAY.goals.items()} == {
        target: f"musterwil/{target}" for target in Target
    }


def test_a_jump_host_is_asked_by_address() -> None:
    directory = DirectorySecret(url="ldaps://dc1.school.example", global_catalog_url="ldaps://gc.school.example")
    assert {target.value: str(goal) for target, goal in goals_of(settings(directory)).items()} == {
        "database": "db:5433",
        "directory": "dc1.school.example:636",
        "global-catalog": "gc.school.example:3269",
    }


@pytest.mark.parametrize(
    ("url", "goal"),
    [("ldap://dc1", "dc1:389"), ("ldaps://dc1:6360", "dc1:6360"), ("ldaps://[fd00::1]", "fd00::1:636")],
)
def test_a_directorys_port_is_its_urls(url: str, goal: str) -> None:
    assert str(goals_of(settings(DirectorySecret(url=url)))[Target.DIRECTORY]) == goal


@pytest.mark.parametrize(
    ("code", "obstacle"),
    [
        (ResetCode.BRIDGE_ABSENT, Obstacle.BRIDGE_ABSENT),
        (ResetCode.DRAINING, Obstacle.DRAINING),
        (ResetCode.LIMIT, Obstacle.FULL),
    ],
)
def test_a_relay_that_cannot_now_is_passed_over(code: ResetCode, obstacle: Obstacle) -> None:
    error = RELAY.not_opened(Target.DATABASE, WHERE, f"{code.name}: no bridge: since 2026", forbidden=False)
    assert isinstance(error, PassedOverError)
    assert error.obstacle is obstacle
    assert error.failure.what.endswith("no bridge: since 2026")


@pytest.mark.parametrize(
    ("message", "forbidden", "kind", "reason"),
    [
        ("TARGET_UNREACHABLE: target database cannot be reached", False, ConnectionFailedError, "DatabaseUnreachable"),
        ("UNKNOWN_TARGET: none of this name", False, ConfigurationError, "RelayTargetUnknown"),
        ("REFUSED: another realm's key", True, LoginRefusedError, "RelayLoginFailed"),
        ("what no relay says", True, LoginRefusedError, "RelayLoginFailed"),
        ("what no relay says", False, ConnectionFailedError, "RelayUnreachable"),
    ],
)
def test_what_the_relay_says_is_told_as_over_grpc(
    message: str, forbidden: bool, kind: type[ConnectError], reason: str
) -> None:
    error = RELAY.not_opened(Target.DATABASE, WHERE, message, forbidden=forbidden)
    assert type(error) is kind
    assert isinstance(error, ConnectError)
    assert error.reason == reason
    assert message.rpartition(": ")[2] in error.what


def test_a_key_that_is_refused_is_told_as_a_key() -> None:
    """Not as a certificate, of which there is none."""
    error = RELAY.not_opened(Target.DATABASE, WHERE, "REFUSED: the key has been revoked", forbidden=True)
    assert isinstance(error, LoginRefusedError)
    assert "SSH key: the key has been revoked" in error.what
    assert "certificate" not in error.todo


def test_what_a_jump_host_may_not_is_for_its_configuration() -> None:
    error = JUMP_HOST.not_opened(Target.DATABASE, WHERE, "open failed", forbidden=True)
    assert isinstance(error, ConfigurationError)
    assert "PermitOpen db.school.example:5432" in error.todo


def test_what_a_jump_host_cannot_is_for_the_servers() -> None:
    error = JUMP_HOST.not_opened(Target.DIRECTORY, WHERE, "Connection refused", forbidden=False)
    assert isinstance(error, ConnectionFailedError)
    assert error.reason == "DirectoryUnreachable"
    assert "dc1:636: Connection refused" in error.what
