"""docs/reference/warnings.md says of each warning what the program does."""

import re
from collections.abc import Iterator

import pytest

from connect_worker.core.rules import GROUP_RULES, USER_RULES
from connect_worker.core.rules.rule import Rule
from connect_worker.model.account import Account
from connect_worker.model.group import Group
from tests.support.repository import read

AnyRule = Rule[Account] | Rule[Group]
RULES: tuple[AnyRule, ...] = (*USER_RULES, *GROUP_RULES)


def of_code(code: int) -> list[tuple[str, AnyRule]]:
    """The rules of a code, with whom they are about; one entry if both sorts of records share everything."""
    users = [rule for rule in USER_RULES if rule.code == code]
    groups = [rule for rule in GROUP_RULES if rule.code == code]
    if users and groups and (users[0].condition, users[0].solution) == (groups[0].condition, groups[0].solution):
        return [("users and groups", users[0])]
    return [*(("users", rule) for rule in users), *(("groups", rule) for rule in groups)]


def lines(code: int) -> Iterator[str]:
    """What the page says of a code."""
    for about, rule in of_code(code):
        yield f"*{rule.meaning.german}*, {about}."
        yield f"- **When:** {rule.condition}"
        yield f"- **What to do:** {rule.solution.english}"
        yield f"- **Was tun:** {rule.solution.german}"


def sections() -> dict[str, list[str]]:
    """The page's sections on codes, by heading, without empty lines."""
    _, *parts = re.split(r"^### ", read("docs/reference/warnings.md"), flags=re.MULTILINE)
    pages = (part.split("\n## ")[0].splitlines() for part in parts)
    return {heading: [line for line in rest if line] for heading, *rest in pages}


def test_the_page_has_a_section_for_every_code_and_no_other() -> None:
    headings = dict.fromkeys(
        f"{rule.code}: {rule.meaning.english}" for rule in sorted(RULES, key=lambda rule: rule.code)
    )
    assert list(sections()) == list(headings)


@pytest.mark.parametrize("code", sorted({rule.code for rule in RULES}))
def test_a_section_says_what_the_rule_does(code: int) -> None:
    (section,) = (text for heading, text in sections().items() if heading.startswith(f"{code}: "))
    assert section == list(lines(code))
