"""The sample school in a real database: what the contract views deliver, and what is never overwritten."""

from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import date
from typing import Any, TypeVar

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.model.ids import mask_of
from connect_worker.model.person import (
    Building,
    Function,
    MandantRecord,
    SchoolClass,
    SchoolYear,
    Staff,
    StaffFunction,
    Student,
)
from connect_worker.sample.frame import DORF, SEE
from connect_worker.sample.load import SampleOrder, load_sample, loaded_order
from connect_worker.sample.trouble import NEW_SURNAME, NEWCOMER, Trouble, make_trouble
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import Session, open_session

TODAY = date(2026, 11, 22)
ORDER = SampleOrder(pupils=200, seed=1, today=TODAY, base_dn="DC=school,DC=test")

Record = TypeVar("Record", Student, Staff, SchoolClass, Building, Function, StaffFunction, MandantRecord, SchoolYear)


@pytest.fixture
async def session(database: DatabaseSettings) -> AsyncIterator[Session]:
    async with open_session(database, application_name="tests") as session:
        yield session


async def records(session: Session, view: str, kind: type[Record]) -> tuple[Record, ...]:
    """A contract view's rows as their model type, by its fields' names alone."""
    names = [field.name for field in fields(kind)]
    rows = await session.fetch(f"SELECT {', '.join(names)} FROM connect.{view} ORDER BY 1, 2")  # noqa: S608
    return tuple(kind(**{name: _plain(row[name]) for name in names}) for row in rows)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


async def pupil(session: Session, key: int) -> Student:
    return next(row for row in await records(session, "source_student", Student) if row.id == key)


@pytest.mark.parametrize(
    ("view", "field", "kind"),
    [
        ("source_student", "students", Student),
        ("source_staff", "staff", Staff),
        ("source_class", "classes", SchoolClass),
        ("source_building", "buildings", Building),
        ("source_function", "functions", Function),
        ("source_staff_function", "staff_functions", StaffFunction),
        ("source_mandant", "mandants", MandantRecord),
        ("source_school_year", "school_years", SchoolYear),
    ],
)
async def test_a_contract_view_delivers_exactly_what_was_invented(
    session: Session, view: str, field: str, kind: type[Any]
) -> None:
    school = await load_sample(session, ORDER)

    invented = getattr(school.data, field)
    assert set(await records(session, view, kind)) == set(invented)


async def test_the_mark_tells_what_was_ordered(session: Session) -> None:
    await load_sample(session, ORDER)

    assert await loaded_order(session) == ORDER


async def test_the_same_order_again_leaves_the_school_as_it_is(session: Session) -> None:
    school = await load_sample(session, ORDER)
    edit = await make_trouble(session, Trouble.NAME_CHANGE, today=TODAY)

    assert await load_sample(session, ORDER) == school
    assert (await pupil(session, edit.key.source_id)).last_name == NEW_SURNAME


async def test_another_order_is_refused(session: Session) -> None:
    await load_sample(session, ORDER)

    with pytest.raises(ConfigurationError, match="another sample school: 200 pupils, seed 1") as caught:
        await load_sample(session, replace(ORDER, seed=2))

    assert caught.value.reason == "SampleExists"


async def test_a_sample_is_replaced_when_asked(session: Session) -> None:
    await load_sample(session, ORDER)

    school = await load_sample(session, replace(ORDER, seed=2, pupils=100), replace=True)

    assert set(await records(session, "source_student", Student)) == set(school.data.students)


@pytest.mark.parametrize(
    ("theirs", "named"),
    [
        ("CREATE VIEW connect.source_student AS SELECT 1 AS id", "connect.source_student"),
        ("CREATE SCHEMA administration", "schema administration"),
        ("UPDATE connect.connect_config SET dn = 'DC=real,DC=example'", "a configuration for DC=real,DC=example"),
    ],
)
async def test_a_database_that_the_sample_did_not_make_is_never_overwritten(
    session: Session, theirs: str, named: str
) -> None:
    await session.execute(theirs)

    with pytest.raises(ConfigurationError, match=named) as caught:
        await load_sample(session, ORDER, replace=True)

    assert caught.value.reason == "NotASampleDatabase"
    assert await loaded_order(session) is None


async def test_a_sample_that_cannot_be_finished_leaves_nothing_behind(session: Session) -> None:
    """The last table to be written is missing: the school from before stands as it stood."""
    await load_sample(session, ORDER)
    await session.execute("DROP TABLE connect.connect_config_group")

    with pytest.raises(ConfigurationError, match="connect_config_group"):
        await load_sample(session, replace(ORDER, seed=2), replace=True)

    assert await loaded_order(session) == ORDER


async def test_an_edit_gives_the_record_a_new_version(session: Session) -> None:
    await load_sample(session, ORDER)

    edit = await make_trouble(session, Trouble.NAME_CHANGE, today=TODAY)

    assert (await pupil(session, edit.key.source_id)).row_version == "2"


async def test_a_leaver_leaves_today(session: Session) -> None:
    await load_sample(session, ORDER)

    edit = await make_trouble(session, Trouble.LEAVER, today=TODAY)

    assert (await pupil(session, edit.key.source_id)).exit_on == TODAY


async def test_an_entrant_is_a_pupil_whom_the_school_did_not_have(session: Session) -> None:
    school = await load_sample(session, ORDER)

    edit = await make_trouble(session, Trouble.ENTRANT, today=TODAY)

    entrant = await pupil(session, edit.key.source_id)
    assert (entrant.first_name, entrant.last_name) == NEWCOMER
    assert entrant.id not in {row.id for row in school.data.students}


async def test_a_warning_is_two_configured_mandants_and_its_cure_is_one(session: Session) -> None:
    await load_sample(session, ORDER)
    before = await pupil(session, (await make_trouble(session, Trouble.CURE, today=TODAY)).key.source_id)

    edit = await make_trouble(session, Trouble.WARNING, today=TODAY)
    doubled = await pupil(session, edit.key.source_id)
    await make_trouble(session, Trouble.CURE, today=TODAY)

    assert doubled.mandants == mask_of(DORF, SEE)
    assert (await pupil(session, edit.key.source_id)).mandants == before.mandants


async def test_trouble_needs_a_sample(session: Session) -> None:
    with pytest.raises(ConfigurationError, match="holds no sample school"):
        await make_trouble(session, Trouble.LEAVER, today=TODAY)
