"""What the update has noted, from the master data: told like a warning, and nothing waits for it."""

from typing import ClassVar

from connect_worker.core.rules.context import Context, Record
from connect_worker.core.rules.rule import Rule, Text
from connect_worker.model.finding import NoteCode


class Noted(Rule[Record]):
    """A rule that the update has applied already."""

    code: ClassVar[NoteCode]
    blocks = False

    def find(self, record: Record, context: Context) -> str | None:
        """Say what was noted."""
        return context.notes.get((record.key, self.code)) if context.notes else None


class ValueCut(Noted):
    """Note 108: what describes is cut, what identifies never (ruling 32)."""

    code = NoteCode.VALUE_CUT
    meaning = Text(english="A value is too long and was cut", german="Ein Wert ist zu lang und wurde gekürzt")
    condition = "A descriptive attribute is longer than a directory takes it. What identifies is never cut (101)."
    solution = Text(
        english="Shorten it in the master record or in the configurator, if what is left reads badly.",
        german="In den Stammdaten oder im Konfigurator kürzen, falls der Rest schlecht zu lesen ist.",
    )


class InsuranceNumberShared(Noted):
    """Note 109: two records are two persons, whatever their numbers (ruling 8)."""

    code = NoteCode.INSURANCE_NUMBER_SHARED
    meaning = Text(
        english="Another record has the same insurance number",
        german="Ein anderer Datensatz hat dieselbe Versicherungsnummer",
    )
    condition = (
        "Two records of the master data whose people have a row have one insurance number, dots and blanks not counted."
    )
    solution = Text(
        english="Check the number in both records. One person with two records has two users, and that is in order.",
        german="Die Nummer in beiden Datensätzen prüfen. Eine Person mit zwei Datensätzen hat zwei Benutzer, und das "
        "ist in Ordnung.",
    )


class LevelRowMissing(Noted):
    """Note 110: the first row of the level has to serve (ruling 4)."""

    code = NoteCode.LEVEL_ROW_MISSING
    meaning = Text(
        english="No row of the level is for the program year",
        german="Keine Zeile der Stufe gilt für das Programmjahr",
    )
    condition = (
        "Every row of the pupil's level lists program years, and none lists his, or he has none. The password policy "
        "of the level's first row holds for him."
    )
    solution = Text(
        english="Enter his program year, or configure a row for it, or one without a list.",
        german="Sein Programmjahr erfassen, oder dafür eine Zeile konfigurieren, oder eine ohne Liste.",
    )
