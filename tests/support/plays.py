"""The rich night and a first one, each played once unbroken in a session: what any other way to the end is held to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from connect_worker.simulator.messages import Request
from tests.support.forked import ForkServer
from tests.support.picture import Picture
from tests.support.postgres import PostgresServer
from tests.support.rehearsal import Rehearsal, Scene, Steps, Theatre, rehearse, watched_database
from tests.support.scenario import Night, load_scenario
from tests.support.simulator import SimulatorServer
from tests.support.worker import Ended

RICH_NIGHT = load_scenario(Path(__file__).parents[1] / "data" / "rich_night.yaml")
FIRST_NIGHT = replace(
    RICH_NIGHT,
    begins=None,
    nights=(Night(date=RICH_NIGHT.nights[0].date, expect=RICH_NIGHT.nights[0].expect),),
)


@dataclass(frozen=True, kw_only=True)
class Play:
    """A night, how many steps it takes unbroken, what it asks the directory for, and what stands there afterwards."""

    rehearsal: Rehearsal
    steps: int
    requests: tuple[Request, ...]
    end: Picture

    def step(self, part: int, of: int) -> int:
        """The step in the middle of one of so many equal parts of the night."""
        return max(1, (2 * part + 1) * self.steps // (2 * of))

    def assert_finishes(self, scene: Scene) -> None:
        """The next run does the rest, whatever it was."""
        assert_ended(scene.run(), 0, "Synced", "NothingToDo")
        assert self.end.differences(scene.picture()) == []


def assert_ended(ended: Ended, exit_code: int, *reasons: str) -> None:
    """With this exit code, for one of these reasons."""
    assert ended.exit_code == exit_code, ended.stdout + ended.stderr
    assert ended.report["reason"] in reasons, ended.stdout


@pytest.fixture(scope="session")
def theatre(
    postgres: PostgresServer, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Theatre]:
    """Servers that count what a worker asks of them."""
    steps = Steps()
    with watched_database(postgres, steps) as port:
        folder = tmp_path_factory.mktemp("theatre")
        yield Theatre(postgres=postgres, database_port=port, forks=fork_server, folder=folder, steps=steps)


@pytest.fixture(scope="session")
def rich_night(theatre: Theatre, simulator_factory: Callable[..., SimulatorServer]) -> Play:
    """The night with everything."""
    return _played(rehearse(theatre, simulator_factory(), RICH_NIGHT))


@pytest.fixture(scope="session")
def first_night(theatre: Theatre, simulator_factory: Callable[..., SimulatorServer]) -> Play:
    """The same school's first one."""
    return _played(rehearse(theatre, simulator_factory(), FIRST_NIGHT))


def _played(rehearsal: Rehearsal) -> Play:
    """The night unbroken; a run right after it has nothing to do, and leaves everything as it is."""
    with rehearsal.scene() as scene:
        assert_ended(scene.run(), 0, "Synced")
        steps, requests = scene.steps.taken, tuple(rehearsal.faults.seen)
        end = scene.picture()
        assert_ended(scene.run(), 0, "NothingToDo")
        assert end.differences(scene.picture()) == []
    return Play(rehearsal=rehearsal, steps=steps, requests=requests, end=end)
