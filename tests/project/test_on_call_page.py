"""docs/how-to/on-call.md says for every reason, of operator and worker, whom it concerns; for each once."""

from connect_operator.core.status import ConditionType
from tests.support.repository import read, table


def reasons(page: str, heading: str, column: int = 0) -> list[str]:
    """The reasons in a table's column; a cell may name several."""
    return [word.strip(" `") for row in table(read(page), heading) for word in row[column].split(",")]


def test_every_reason_concerns_somebody() -> None:
    """The two pages that list the reasons are held to the program by tests of their own."""
    told = reasons("docs/how-to/on-call.md", "## Whom it concerns", column=1)
    known = set(reasons("docs/how-to/when-a-run-fails.md", "## Every reason"))
    for condition in ConditionType:
        known |= set(reasons("docs/reference/connectjob.md", f"### {condition}"))
    assert len(told) == len(set(told))
    assert set(told) == known


def test_every_condition_is_told() -> None:
    assert [row[0] for row in table(read("docs/how-to/on-call.md"), "## Conditions")] == list(ConditionType)
