"""The global catalog: read like the domain, by its own port, and without what the domain knows better (ruling 12)."""

from dataclasses import replace

import pytest

from connect_worker.errors import ConnectionFailedError
from connect_worker.targets.active_directory import ActiveDirectory
from connect_worker.targets.active_directory.catalog import read_catalog
from tests.support.directory_changes import create_user
from tests.support.directory_servers import DirectoryServer, Workplace

TIMEOUT = 30
ANOTHER_DOMAIN = "DC=sub,DC=school,DC=test"


@pytest.fixture
def forest(server: DirectoryServer) -> DirectoryServer:
    """The same directory, with its catalog."""
    return replace(server, settings=replace(server.settings, global_catalog_url=server.catalog_url))


async def test_for_another_domain_the_catalog_has_everybody_s_addresses_and_nobody_s_account_name(
    place: Workplace, forest: DirectoryServer
) -> None:
    """Seen from another domain of the forest, this one is a stranger."""
    user = create_user(1, place.ou, place.name(1))
    (guid,) = await place.create(user)
    found = {name.guid: name for name in read_catalog(forest.settings, ANOTHER_DOMAIN, TIMEOUT)}
    assert found[guid].addresses == (f"{place.name(1)}@school.test", f"{place.name(1)}.alias@school.test")
    assert {name.sam_account_name for name in found.values()} == {None}


async def test_the_domain_s_own_names_are_read_once(place: Workplace, forest: DirectoryServer) -> None:
    (guid,) = await place.create(create_user(1, place.ou, place.name(1)))
    async with ActiveDirectory(forest.settings) as target:
        found = [name for name in await target.read_taken_names() if name.guid == guid]
        assert [name.sam_account_name for name in found] == [place.name(1)]
        assert await target.count_catalog() == 0


async def test_without_a_catalog_nobody_asks_for_one(place: Workplace) -> None:
    assert await place.target.count_catalog() is None


async def test_a_catalog_that_does_not_answer_stops_the_reading(server: DirectoryServer) -> None:
    settings = replace(server.settings, global_catalog_url="ldaps://127.0.0.1:1")
    async with ActiveDirectory(settings) as target:
        with pytest.raises(ConnectionFailedError):
            await target.read_taken_names()
