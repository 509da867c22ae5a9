"""What the update tells of people and what nothing waits for: the master data are odd, not wrong."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator

from connect_worker.core.candidates import Candidate
from connect_worker.core.employee_ids import plain_insurance_number
from connect_worker.core.levels import fits, program_year_of
from connect_worker.core.scope import StudentScope
from connect_worker.model.finding import Note, NoteCode
from connect_worker.model.ids import AccountKey


def notes_on(candidates: Iterable[Candidate], accounts: Container[AccountKey]) -> Iterator[Note]:
    """The notes on those of the people who have a row."""
    people = [candidate for candidate in candidates if candidate.key in accounts]
    yield from _shared_insurance_numbers(people)
    for candidate in people:
        if candidate.level is not None:
            yield from _missing_level_row(candidate)


def _shared_insurance_numbers(people: Iterable[Candidate]) -> Iterator[Note]:
    """Two records are two persons, whatever their numbers (ruling 8)."""
    holders: defaultdict[str, list[AccountKey]] = defaultdict(list)
    for candidate in people:
        written = candidate.scope.person.insurance_number
        if written:
            holders[plain_insurance_number(written)].append(candidate.key)
    for number, keys in holders.items():
        if number and len(keys) > 1:
            for key in keys:
                others = ", ".join(str(other) for other in keys if other != key)
                yield Note(
                    key=key,
                    code=NoteCode.INSURANCE_NUMBER_SHARED,
                    found=f"the insurance number is also that of {others}",
                )


def _missing_level_row(candidate: Candidate) -> Iterator[Note]:
    """No row of the level lists the program year, and none is for all: the first one has to serve (ruling 4)."""
    rule, scope = candidate.level, candidate.scope
    if rule is None or not isinstance(scope, StudentScope) or scope.placement is None:
        return
    year = program_year_of(scope.person, scope.placement.school_class)
    if not fits(rule, year):
        shown = "without a program year" if year is None else f"with program year {year}"
        found = f"no row of level {rule.level} is for a pupil {shown}: that of position {rule.position} serves"
        yield Note(key=candidate.key, code=NoteCode.LEVEL_ROW_MISSING, found=found)
