"""A night that is played again and again from the same start, and can be broken off at each step that it takes.

A step is a round trip to the database or a request to the directory. Between two of them nothing outside of the worker
changes: one that was struck at each has been struck everywhere.
"""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from connect_worker.settings import DatabaseSettings
from connect_worker.simulator.faults import Action, DropAfter, FaultPlan
from connect_worker.simulator.messages import Request
from connect_worker.simulator.rights import Rights
from connect_worker.simulator.storage import load, save
from connect_worker.simulator.tree import Tree
from tests.support.builders import BASE
from tests.support.domain import Domain, DomainServer
from tests.support.forked import ForkServer
from tests.support.picture import Picture, picture
from tests.support.postgres import TEMPLATE, PostgresServer
from tests.support.round_trips import counting_relay
from tests.support.scenario import Scenario
from tests.support.scenario_nights import Stage
from tests.support.scenario_school import ConnectTables, Customer
from tests.support.simulator import SimulatorServer
from tests.support.worker import Ended, Worker

WAIT_SECONDS = 10


class Steps:
    """The steps of a run as its servers see them. At one of them something may happen."""

    def __init__(self) -> None:
        self.taken = 0
        self._at: int | None = None
        self._event: Callable[[], bool] = lambda: False
        self._turn = threading.Lock()

    def take(self) -> bool:
        """One more; whether the run has died of it."""
        with self._turn:
            self.taken += 1
            if self.taken != self._at:
                return False
        return self._event()

    def expect(self, at: int, event: Callable[[], bool]) -> None:
        """At that step from now on the event happens; it says whether the run has died of it."""
        self.taken, self._at, self._event = 0, at, event

    def only_count(self) -> None:
        """From now on nothing befalls anybody."""
        self.taken, self._at = 0, None


class WatchedRequests(FaultPlan):
    """Every request to the simulator is a step. The last one of a killed run is performed; nobody hears of it."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps
        self.seen: list[Request] = []

    def begin(self) -> None:
        """Forget what was seen and planned."""
        self.clear()
        self.seen = []

    def next(self, request: Request) -> Action | None:
        """See FaultPlan."""
        self.seen.append(request)
        return DropAfter() if self._steps.take() else super().next(request)


@contextmanager
def watched_database(server: PostgresServer, steps: Steps) -> Iterator[int]:
    """Within: a port on loopback that leads to the server, without TLS; every round trip through it is a step."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="relay", daemon=True)
    thread.start()
    context = counting_relay(server.address, server.port, look=steps.take)
    relay = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(WAIT_SECONDS)
    yield relay.port
    asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(WAIT_SECONDS)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(WAIT_SECONDS)
    loop.close()


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A customer at the start of the night."""

    domain: Domain
    tables: ConnectTables
    worker: Worker
    steps: Steps

    def run(self) -> Ended:
        """An unbroken night; `steps` tells how many it took."""
        self.steps.only_count()
        return self.worker.json("run")

    def struck(self, at: int, number: signal.Signals, command: str = "run") -> Ended:
        """A night, or another command, that gets a signal when it has taken so many steps."""
        victim: Future[int] = Future()

        def strike() -> bool:
            os.kill(victim.result(WAIT_SECONDS), number)
            return number is signal.SIGKILL

        self.steps.expect(at, strike)
        forked = self.worker.fork(command, "--output", "json")
        victim.set_result(forked.process)
        ended = self.worker.ended(forked)
        self.steps.only_count()
        return ended

    def disturbed(self, at: int, script: str) -> Ended:
        """A night in which somebody writes into the tables when it has taken so many steps."""
        edits: list[subprocess.Popen[str]] = []

        def edit() -> bool:
            edits.append(self.tables.start(script))
            return False

        self.steps.expect(at, edit)
        ended = self.worker.json("run")
        self.steps.only_count()
        for started in edits:
            _, errors = started.communicate(timeout=WAIT_SECONDS)
            assert started.returncode == 0, errors
        assert len(edits) == 1, "the night was over before"
        return ended

    def picture(self) -> Picture:
        """How directory and tables stand now."""
        return picture(self.domain, self.tables)


@dataclass(frozen=True, kw_only=True)
class Theatre:
    """Where nights are played: servers that count what a worker asks of them."""

    postgres: PostgresServer
    database_port: int
    forks: ForkServer
    folder: Path
    steps: Steps

    def scene(self, database: DatabaseSettings, server: DomainServer, today: date) -> Scene:
        """A worker between a database and a directory."""
        relayed = replace(
            database, host="127.0.0.1", port=self.database_port, sslmode="disable", ca=None, server_name=None
        )
        domain = Domain(server)
        worker = Worker(
            folder=self.folder / database.name, database=relayed, directory=domain.access, today=today, forks=self.forks
        )
        return Scene(domain=domain, tables=ConnectTables(self.postgres, database), worker=worker, steps=self.steps)

    def prepared(self, scenario: Scenario, server: DomainServer) -> tuple[DatabaseSettings, Scene]:
        """The morning before the scenario's last night: all the others are over, and what happened since is entered.

        A scenario of one night without `begins` has nothing but a school.
        """
        *past, tonight = scenario.nights
        database = self.postgres.create_database(TEMPLATE)
        customer = Customer(self.postgres, database)
        customer.edit_school(scenario.school)
        customer.configure(scenario.configuration)
        scene = self.scene(database, server, scenario.begins or tonight.date)
        stage = Stage(customer, scene.domain, scene.worker, base=BASE)
        if scenario.begins is not None:
            _assert_synced(scene.run())
        for night in past:
            stage.edit(night)
            scene.worker.today = night.date
            _assert_synced(scene.run())
        stage.edit(tonight)
        scene.worker.today = tonight.date
        return database, scene


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A night in the simulator whose start is kept: the database as a template, the directory in a file."""

    theatre: Theatre
    server: SimulatorServer
    faults: WatchedRequests
    template: DatabaseSettings
    directory: Path
    today: date

    @contextmanager
    def scene(self) -> Iterator[Scene]:
        """Within: everything as it was at the start."""
        tree = Tree(self.server.base_dn)
        load(tree, self.directory)
        simulator = self.server.simulator
        simulator.tree, simulator.rights = tree, Rights(tree)
        self.faults.begin()
        database = self.theatre.postgres.create_database(self.template.name)
        yield self.theatre.scene(database, self.server, self.today)
        self.theatre.postgres.drop_database(database.name)


def rehearse(theatre: Theatre, server: SimulatorServer, scenario: Scenario) -> Rehearsal:
    """Prepare a scenario's last night, and keep its start."""
    template, scene = theatre.prepared(scenario, server)
    directory = theatre.folder / f"{template.name}.json"
    save(server.simulator.tree, directory)
    faults = server.simulator.faults = WatchedRequests(theatre.steps)
    return Rehearsal(
        theatre=theatre,
        server=server,
        faults=faults,
        template=template,
        directory=directory,
        today=scene.worker.today,
    )


def _assert_synced(ended: Ended) -> None:
    assert (ended.exit_code, ended.report["reason"]) == (0, "Synced"), ended.stdout
