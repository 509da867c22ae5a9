"""The office works in the tables while a night runs: nothing that it enters is lost, whenever that is (ruling 33)."""

import os

import pytest

from tests.support.picture import Picture
from tests.support.plays import Play, assert_ended

MOMENTS = 300 if "CONNECT_EVERY_STEP" in os.environ else 16
ENTERED = """
    BEGIN;
    UPDATE connect.main_connect_user SET user_status = 1 WHERE user_sam_account_name = 'S.00020';
    UPDATE connect.main_connect_user SET user_mail_alias5 = 'von.hand@schule.example'
        WHERE user_sam_account_name = 'S.00021';
    UPDATE connect.main_connect_user SET user_config_password_reset = true WHERE user_sam_account_name = 'S.00021';
    UPDATE connect.main_connect_user SET user_status = 0 WHERE user_sam_account_name = 'S.00007';
    INSERT INTO connect.main_connect_membership (group_id, user_id, provenance)
        SELECT g.id, u.id, 'manual' FROM connect.main_connect_group g, connect.main_connect_user u
        WHERE g.group_sam_account_name = 'ALLE_PERS' AND u.user_sam_account_name = 'S.00021';
    COMMIT;
"""
"""Somebody is locked out and somebody let in, an alias, a password to set, a member by hand."""


@pytest.fixture(scope="module")
def entered_before(rich_night: Play) -> Picture:
    """What stands there after two nights, when all was entered on the evening before."""
    with rich_night.rehearsal.scene() as scene:
        scene.tables.run(ENTERED)
        assert_ended(scene.run(), 0, "Synced")
        assert_ended(scene.run(), 0, "NothingToDo")
        return scene.picture()


@pytest.mark.parametrize("part", range(MOMENTS))
def test_what_the_office_enters_at_any_moment_holds_from_the_next_night_on(
    rich_night: Play, entered_before: Picture, part: int
) -> None:
    """This night does not trip over it, and leaves what it could not know of to the next."""
    with rich_night.rehearsal.scene() as scene:
        ended = scene.disturbed(rich_night.step(part, MOMENTS), ENTERED)
        assert_ended(ended, 0, "Synced")
        assert_ended(scene.run(), 0, "Synced", "NothingToDo")
        assert entered_before.differences(scene.picture()) == []
        assert_ended(scene.run(), 0, "NothingToDo")
