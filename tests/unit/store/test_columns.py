"""Rows and records."""

import pytest

from connect_worker.model.directory import ObjectKey
from connect_worker.model.ids import Criterion, GroupKey, Mandant
from connect_worker.store.columns import object_key
from connect_worker.store.sql import parse
from tests.support.builders import class_group_key, staff_key, student_key


@pytest.mark.parametrize(
    "key",
    [
        student_key(12),
        staff_key(1234567),
        class_group_key(3),
        GroupKey(Criterion.ALL_STAFF, Mandant(2), 0),
        GroupKey(Criterion.STUDENTS_PER_BUILDING_AND_LEVEL, Mandant(2), 4, "Sek: A/B"),
    ],
    ids=str,
)
def test_a_key_is_read_back_from_its_text(key: ObjectKey) -> None:
    assert object_key(str(key)) == key


def test_a_statement_begins_at_its_heading_and_keeps_its_comments() -> None:
    text = "-- one --\n-- Why.\nSELECT 1\n\n-- two --\nSELECT 2 -- two\n"
    assert parse(text) == {"one": "-- Why.\nSELECT 1", "two": "SELECT 2 -- two"}
