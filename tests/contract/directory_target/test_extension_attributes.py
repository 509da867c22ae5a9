"""extensionAttribute1-15: read and written where the schema has them, a clear fault where it has not."""

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.model.account import EXTENSION_NAMES, EXTENSION_PLACES, NO_EXTENSIONS, Extensions
from connect_worker.targets.active_directory import ActiveDirectory
from tests.support.directory_changes import account_key, create_user, modify
from tests.support.directory_servers import DirectoryServer, Workplace

ALL = range(1, EXTENSION_PLACES + 1)
VALUES: Extensions = tuple(f"Wert {place} ä" for place in ALL)


async def _held(place: Workplace, *places: int) -> Extensions:
    (user,) = (await place.target.read([place.ou], places)).users
    return user.extension_attributes


async def test_all_fifteen_are_created_changed_and_taken_away(place: Workplace) -> None:
    (guid,) = await place.create(create_user(1, place.ou, place.name(1), extension_attributes=VALUES))
    assert await _held(place, *ALL) == VALUES
    dn = f"CN={place.name(1)},{place.ou}"
    await place.must(modify(account_key(1), guid, dn, extension_attribute_3="neu", extension_attribute_15=None))
    assert await _held(place, *ALL) == (*VALUES[:2], "neu", *VALUES[3:14], None)
    await place.must(modify(account_key(1), guid, dn, **dict.fromkeys(EXTENSION_NAMES)))
    assert await _held(place, *ALL) == NO_EXTENSIONS


async def test_only_those_of_interest_are_read(place: Workplace) -> None:
    await place.create(create_user(1, place.ou, place.name(1), extension_attributes=VALUES))
    assert await _held(place) == NO_EXTENSIONS
    assert await _held(place, 2) == (None, VALUES[1], *NO_EXTENSIONS[2:])


async def test_those_that_the_schema_does_not_have_are_named(plain: DirectoryServer) -> None:
    async with ActiveDirectory(plain.settings) as target:
        assert (await target.read([plain.base_dn])).users
        with pytest.raises(ConfigurationError, match="extensionAttribute15") as caught:
            await target.read([plain.base_dn], [1, 15])
        assert (await target.check([], [3])).missing_attributes == ("extensionAttribute3",)
    assert [fault.partition(" ")[0] for fault in caught.value.faults] == ["extensionAttribute1", "extensionAttribute15"]
    assert caught.value.reason == "SchemaAttributeMissing"
