"""500 attribute changes and 2,000 membership changes over a long way, beside the same changes made one by one."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.command import parse, report, tell
from benchmarks.customer import BASE_DN, do, read_own
from benchmarks.large_school import FIRST_PROJECT, project
from benchmarks.measuring import Aim, Limit, Of, Row, Series, Timed, timed
from benchmarks.plain_tools import PlainTools
from benchmarks.prepared_night import FarAway, PreparedNight, prepared_night
from connect_worker.model.account import Account
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import AccountKey
from connect_worker.model.state import State
from connect_worker.settings import DatabaseSettings
from connect_worker.store.repository import open_store

NAME = "bench_changes"
PEOPLE = 1_000
RUNS = 3
ROUND_TRIP_SECONDS = 0.02
GROUPS = 4
"""Of half of the people each."""
FIRST_GROUP = FIRST_PROJECT + 500_000
A_TENTH = Aim(text="≤ 0.1 × its time", most=0.1, of=Of.RATIO)


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What is to be done: half of the people get a title, and half of them enter each of the groups."""

    title: str
    people: tuple[Account, ...]
    groups: tuple[Group, ...]

    @property
    def size(self) -> str:
        """For the table."""
        return f"{len(self.people):,} attribute changes, {len(self.people) * len(self.groups):,} membership changes"

    @property
    def entered(self) -> Members:
        """Who belongs to each of the groups afterwards."""
        return Members(manual=frozenset(account.key for account in self.people))

    def in_tables(self, state: State) -> State:
        """The tables, as the task wants them."""
        return replace(
            self.with_members(state),
            accounts=tuple(_titled(account, self.title, self.entered.manual) for account in state.accounts),
        )

    def with_members(self, state: State) -> State:
        """The tables, with the groups' members alone."""
        return replace(state, memberships={**state.memberships, **{group.key: self.entered for group in self.groups}})

    def one_by_one(self) -> str:
        """As LDIF, a record a change."""
        return "\n".join((*self._titles(), *self._members()))

    def _titles(self) -> Iterator[str]:
        for account in self.people:
            yield f"dn: {account.dn}\nchangetype: modify\nreplace: title\ntitle: {self.title}\n"

    def _members(self) -> Iterator[str]:
        for group in self.groups:
            for account in self.people:
                yield f"dn: {group.dn}\nchangetype: modify\nadd: member\nmember: {account.dn}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both in turn, each time with groups that nobody is in yet, and report."""
    order = parse(__doc__, arguments, people=PEOPLE, runs=RUNS)
    with prepared_night(order.people) as night, night.far_away(round_trip=ROUND_TRIP_SECONDS) as far:
        people, groups = _prepare(night, order.runs * 2 * GROUPS)
        tasks = [
            Task(title=f"Titel {number}", people=people, groups=groups[number * GROUPS : (number + 1) * GROUPS])
            for number in range(order.runs * 2)
        ]
        tell(f"{NAME}: {order.runs} times {tasks[0].size}, beside ldapmodify")
        pairs = [
            (_synced(night, far, ours), _modified(night, far, theirs))
            for ours, theirs in zip(tasks[::2], tasks[1::2], strict=True)
        ]
    report(NAME, _rows(tasks[0], pairs), order)


def _prepare(night: PreparedNight, groups: int) -> tuple[tuple[Account, ...], tuple[Group, ...]]:
    """Groups without members, in the tables and in the directory; and the half of the people who will enter."""
    new = tuple(project(FIRST_GROUP + number, BASE_DN) for number in range(groups))
    asyncio.run(_write(night.worker.database, lambda state: replace(state, groups=(*state.groups, *new))))
    do(night.worker, "sync")
    _, state = asyncio.run(read_own(night.worker.database))
    known = {group.key: group for group in state.groups}
    half = sorted(state.accounts, key=lambda account: account.key)[: len(state.accounts) // 2]
    return tuple(half), tuple(known[group.key] for group in new)


def _synced(night: PreparedNight, far: FarAway, task: Task) -> Timed[float]:
    """Connect's sync of the task; the result is how much of it was the applying, in seconds."""
    asyncio.run(_write(night.worker.database, task.in_tables))
    measured = timed(lambda: do(far.worker, "sync", "--output", "json"))
    told = measured.result.report
    if told["reason"] != "Synced":
        raise RuntimeError(f"not the changes that were to be made: {measured.result.stdout}")
    return Timed(wall=measured.wall, cpu=measured.cpu, result=float(told["stages"]["apply"]))


def _modified(night: PreparedNight, far: FarAway, task: Task) -> Timed[None]:
    """The task by ldapmodify; the tables then learn of the members, so that the next sync leaves them."""
    tools: PlainTools = replace(night.tools, directory=far.worker.directory)
    measured = timed(lambda: tools.write(task.one_by_one()))
    asyncio.run(_write(night.worker.database, task.with_members))
    return measured


async def _write(database: DatabaseSettings, change: Callable[[State], State]) -> None:
    async with open_store(database, application_name="benchmarks") as store:
        _, state = await store.read_own()
        await store.write_state(state, change(state))


def _titled(account: Account, title: str, keys: Iterable[AccountKey]) -> Account:
    return replace(account, profile=replace(account.profile, title=title)) if account.key in keys else account


def _rows(task: Task, pairs: Sequence[tuple[Timed[float], Timed[None]]]) -> list[Row]:
    one_by_one = Limit(
        what="`ldapmodify` with a request for each of them, over the same line",
        measured=Series(runs=tuple(modified.wall for _, modified in pairs)),
    )
    return [
        Row(
            work=f"{task.size} at {ROUND_TRIP_SECONDS * 1000:g} ms of round trip",
            unit="s",
            measured=Series(runs=tuple(synced.wall for synced, _ in pairs)),
            limit=one_by_one,
            aim=A_TENTH,
        ),
        Row(
            work="… of it the applying, without start and reading",
            unit="s",
            measured=Series(runs=tuple(synced.result for synced, _ in pairs)),
            limit=one_by_one,
        ),
    ]


if __name__ == "__main__":
    main()
