"""docs/reference/statements.md: every statement of the sources says what proves it, or why nothing does yet."""

import re
from collections.abc import Iterator

from tests.support.repository import functions, read, texts
from tests.support.scenario import scenario_files

PAGE = "docs/reference/statements.md"
TEST = re.compile(r"`(test_\w+)`")
SCENARIO = re.compile(r"`(\d{3}-[a-z0-9-]+)`")
REASONS = ("*office*", "to come", "no part of Connect")
"""What a statement may say that nothing proves: the office's own program, or a part that is not built."""


def rows() -> Iterator[tuple[str, str, str]]:
    """Statement, place and proof of each row."""
    for line in read(PAGE).splitlines():
        if line.startswith("| ") and not line.startswith(("| ---", "| statement")):
            statement, place, proof = (cell.strip() for cell in line.strip("|").split("|"))
            yield statement, place, proof


def test_every_statement_has_its_proof_or_says_why_not() -> None:
    unproven = [
        statement
        for statement, place, proof in rows()
        if not (TEST.search(proof) or SCENARIO.search(proof) or any(reason in place for reason in REASONS))
    ]
    assert unproven == []


def test_every_test_that_is_named_exists() -> None:
    there = {one.name for path, text in texts(".py") if path.parts[0] == "tests" for one in functions(text)}
    named = set(TEST.findall(read(PAGE)))
    assert len(named) > 100
    assert named - there == set()


def test_every_scenario_that_is_named_exists() -> None:
    named = set(SCENARIO.findall(read(PAGE)))
    assert len(named) > 30
    assert named - {path.stem for path in scenario_files()} == set()


def test_every_ruling_names_its_tests_and_scenarios_and_they_exist() -> None:
    page = read("docs/reference/rulings.md")
    there = {one.name for path, text in texts(".py") if path.parts[0] == "tests" for one in functions(text)}
    assert set(TEST.findall(page)) - there == set()
    assert set(SCENARIO.findall(page)) - {path.stem for path in scenario_files()} == set()
    rulings = page.split("\n### Ruling ")[1:]
    assert [text.split()[0] for text in rulings if not (TEST.search(text) or SCENARIO.search(text))] == []
