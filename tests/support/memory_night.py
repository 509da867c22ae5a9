"""A school with its tables and its directory in memory, and nights over it: the real update, validation and sync."""

import asyncio
import atexit
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TypeVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from connect_worker.core.bases import bases
from connect_worker.core.employee_ids import identities_of
from connect_worker.core.reservation import Strangers, strangers, with_foreign_names
from connect_worker.core.update import update
from connect_worker.core.validation import Validation, validate
from connect_worker.model.configuration import Configuration, Limit, Limits, MandantRule
from connect_worker.model.directory import ActualGroup, ActualUser, ObjectKey
from connect_worker.model.ids import Criterion, Guid, Mandant
from connect_worker.model.outcome import Outcome, Result
from connect_worker.model.person import MandantRecord, SchoolClass, Staff, Student
from connect_worker.model.secret import SealedSecret, Secret
from connect_worker.model.state import State
from connect_worker.sample.configuration import GROUP_RULES
from connect_worker.settings import DatabaseSettings, Settings
from connect_worker.stages import sync
from connect_worker.stages.context import Context
from connect_worker.stages.sync import Planned
from connect_worker.stopping import Stop
from connect_worker.store.repository import Store
from tests.support.builders import COMPLEX, SIMPLE, TODAY, configuration, master_data, school_class, staff, student
from tests.support.fuse import Fuse, KilledError
from tests.support.memory_directory import MemoryDirectory
from tests.support.memory_store import MemoryStore

T = TypeVar("T")

_BASE = configuration()
_MORE = {
    Criterion.STAFF_AND_STUDENTS_PER_BUILDING,
    Criterion.STAFF_PER_MANDANT,
    Criterion.STUDENTS_PER_BUILDING_AND_LEVEL,
}
CONFIGURATION = replace(
    _BASE,
    staff=replace(_BASE.staff, password=replace(COMPLEX, never_expires=True)),
    students=replace(_BASE.students, password=replace(SIMPLE, never_expires=True)),
    mandants=(
        *_BASE.mandants,
        MandantRule(number=Mandant(2), student_domain="zwei.example", staff_domain="zwei.example"),
    ),
    groups=(*_BASE.groups, *(replace(rule, parent="OU=Groups") for rule in GROUP_RULES if rule.criterion in _MORE)),
)
_MANDANTS = tuple(
    MandantRecord(number=number, short_name=name, company=None)
    for number, name in ((Mandant(1), "MW"), (Mandant(2), "ZW"))
)
GRACE = timedelta(days=30)

_LOOP = asyncio.Runner()
atexit.register(_LOOP.close)
_EVERYTHING_ALLOWED = Limits(recreations=Limit(count=10**6), failures=Limit(count=10**6))
_SETTINGS = Settings(
    realm="school",
    run_id=str(UUID(int=1)),
    encryption_keys=(Secret("A" * 43 + "="),),
    database=DatabaseSettings(host="", port=0, name="", username="", password=Secret("")),
    directory=None,
    time_zone=ZoneInfo("UTC"),
    timeout=timedelta(hours=1),
    lock_wait=timedelta(),
    limits=_EVERYTHING_ALLOWED,
)


class _Unwatched:
    """Progress that nobody looks at."""

    def begin(self, work: str, total: int) -> None:
        """Nothing is shown."""

    def advance(self, steps: int) -> None:
        """Nothing is shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """What a night found, planned and did. `planned` None: warnings stopped everything."""

    today: date
    before: State
    updated: State
    validation: Validation
    planned: Planned | None
    outcomes: tuple[Outcome, ...] = ()

    @property
    def refused(self) -> tuple[Outcome, ...]:
        """The changes that the directory refused."""
        return tuple(outcome for outcome in self.outcomes if outcome.result is Result.FAILED)


@dataclass(kw_only=True, slots=True)
class People:
    """The master data, to be changed by the office. Three pupils have one name."""

    students: dict[int, Student] = field(
        default_factory=lambda: {
            **{number: student(number, last_name="Müller") for number in (1, 2, 3)},
            **{number: student(number) for number in (4, 5)},
        }
    )
    staff: dict[int, Staff] = field(default_factory=lambda: {n: staff(n) for n in range(1, 4)})
    classes: dict[int, SchoolClass] = field(
        default_factory=lambda: {1: school_class(1), 2: school_class(2, main_teacher_id=2)}
    )


class World:
    """One school. `today`, `people` and what is `configured` change between the nights, by whoever works there."""

    def __init__(self, configured: Configuration = CONFIGURATION) -> None:
        self.configured = configured
        self.today = TODAY
        self.people = People()
        self.fuse = Fuse()
        self.store = MemoryStore(self.fuse)
        self.directory = MemoryDirectory(self.fuse)
        self.pupils_may_not_change = False

    @property
    def configuration(self) -> Configuration:
        """What holds today."""
        policy = replace(SIMPLE, never_expires=True, may_not_change=self.pupils_may_not_change)
        levels = tuple(replace(level, password=policy) for level in self.configured.levels)
        return replace(self.configured, levels=levels)

    def fork(self) -> "World":
        """The same school once more, with a fate of its own; the office works in neither meanwhile."""
        other = World(self.configured)
        other.today, other.people = self.today, self.people
        other.pupils_may_not_change = self.pupils_may_not_change
        other.store, other.directory = self.store.copy(other.fuse), self.directory.copy(other.fuse)
        return other

    def night(self) -> Night:
        """Update, validate and sync. Raises KilledError where the fuse ends."""
        planned, night = self._planned()
        return night if planned is None else replace(night, outcomes=_finished(self._apply(planned)))

    def killed_night(self, writes: int) -> Night | None:
        """The same, killed after so many writes; None: it was killed, not finished before."""
        self.fuse.writes = writes
        try:
            return self.night()
        except KilledError:
            return None
        finally:
            self.fuse.writes = None

    def plan(self) -> Night:
        """Update, validate and plan: the tables are brought to today, the directory is only read."""
        return self._planned()[1]

    def update_only(self) -> Night:
        """Update and validate, without a look at the directory."""
        before = self.store.state
        self.store.state = self._updated_from(before, None)
        validation = validate(self.store.state, self.configuration)
        return Night(today=self.today, before=before, updated=self.store.state, validation=validation, planned=None)

    def sync(self) -> tuple[Planned, tuple[Outcome, ...]]:
        """The tables as they are, brought to the directory: the plan, and what became of it."""
        planned = _finished(self._plan(self.store.state, frozenset()))
        return planned, _finished(self._apply(planned))

    def objects(self) -> Mapping[Guid, ActualUser | ActualGroup]:
        """All that stands in the directory."""
        return {**self.directory.users, **self.directory.groups}

    def _planned(self) -> tuple[Planned | None, Night]:
        before = self.store.state
        updated = self._updated(before)
        validation = validate(updated, self.configuration)
        self.store.state = updated
        planned = None if validation.blocking else _finished(self._plan(updated, validation.blocked_objects))
        night = Night(today=self.today, before=before, updated=updated, validation=validation, planned=planned)
        return planned, night

    def _updated(self, before: State) -> State:
        taken = _finished(self.directory.read_taken_names())
        places = bases(self.configuration, before)
        found = strangers(before, taken, self.store.intentions)
        identities = partial(identities_of, configuration=self.configuration)
        return self._updated_from(with_foreign_names(before, found, places, identities), found)

    def _updated_from(self, known: State, found: Strangers | None) -> State:
        return update(
            known,
            master_data(
                students=tuple(self.people.students.values()),
                staff=tuple(self.people.staff.values()),
                classes=tuple(self.people.classes.values()),
                mandants=_MANDANTS,
            ),
            self.configuration,
            today=self.today,
            now=datetime.combine(self.today, time(2)),
            version="1",
            new_password=lambda _key, _policy, _avoid: SealedSecret("sealed"),
            strangers=found,
        ).state

    async def _plan(self, state: State, blocked: frozenset[ObjectKey]) -> Planned:
        store = cast("Store", self.store)
        return await sync.make(
            store, self.directory, self._context(), state=state, configuration=self.configuration, blocked=blocked
        )

    async def _apply(self, planned: Planned) -> tuple[Outcome, ...]:
        return await sync.apply(cast("Store", self.store), self.directory, self._context(), planned)

    def _context(self) -> Context:
        return Context(
            settings=_SETTINGS,
            today=self.today,
            now=lambda: self.directory.now,
            stop=Stop(),
            progress=_Unwatched(),
            version="1",
        )


def _finished(work: Coroutine[None, None, T]) -> T:
    """The result of work, all in one event loop: a new one for each of thousands of nights would take seconds."""
    return _LOOP.run(work)
