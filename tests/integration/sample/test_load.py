"""The sample school in a real database: what the contract views deliver, and what is never overwritten."""

from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import date

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.model.ids import mask_of
from connect_worker.model.person import MasterData, Student
from connect_worker.sample.configuration import build_configuration
from connect_worker.sample.frame import DORF, SEE
from connect_worker.sample.load import SampleOrder, load_sample, loaded_order
from connect_worker.sample.trouble import NEW_SURNAME, NEWCOMER, Trouble, make_trouble
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import Session, open_session
from connect_worker.store.reading import Reader

TODAY = date(2026, 11, 22)
ORDER = SampleOrder(pupils=200, seed=1, today=TODAY, base_dn="DC=school,DC=test")


@pytest.fixture
async def session(database: DatabaseSettings) -> AsyncIterator[Session]:
    async with open_session(database, application_name="tests") as session:
        yield session


async def delivered(session: Session) -> MasterData:
    """What the contract views give to a run, in the order of their keys."""
    data = (await Reader(session).read_night()).master_data
    return in_order(data)


def in_order(data: MasterData) -> MasterData:
    return MasterData(**{field.name: tuple(sorted(getattr(data, field.name), key=str)) for field in fields(data)})


async def pupil(session: Session, key: int) -> Student:
    return next(row for row in (await delivered(session)).students if row.id == key)


async def test_the_contract_views_deliver_exactly_what_was_invented(session: Session) -> None:
    school = await load_sample(session, ORDER)

    assert await delivered(session) == in_order(school.data)


async def test_the_configuration_is_read_back_as_it_was_meant(session: Session) -> None:
    await load_sample(session, ORDER)

    configuration, _ = await Reader(session).read_own()

    assert configuration == build_configuration(ORDER.base_dn)


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

    assert await delivered(session) == in_order(school.data)


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
