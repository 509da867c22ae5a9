"""docs/reference/kubectl-connect.md tells of every command, right and exit code, as they are."""

from connect_operator.kubectl.cli import group
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.rights import NEEDED
from tests.support.repository import read, table

PAGE = "docs/reference/kubectl-connect.md"


def test_the_rights_are_those_that_the_doctor_asks_for() -> None:
    told = {command: tuple(rights.replace("`", "").split(", ")) for command, rights in table(read(PAGE), "## Rights")}
    assert told == {command: tuple(map(str, rights)) for command, rights in NEEDED.items()}


def test_every_command_is_told_of_and_has_its_rights() -> None:
    commands = set(group.commands)
    assert {command.partition(" ")[0] for command in NEEDED} == commands
    assert {command for command in commands if f"kubectl connect {command}" not in read(PAGE)} == set()


def test_every_command_has_examples() -> None:
    assert {name for name, command in group.commands.items() if "Examples:" not in (command.epilog or "")} == set()


def test_the_exit_codes_are_the_programs() -> None:
    documented = table(read(PAGE), "## Exit codes")
    assert documented == [(str(code.value), code.name, code.meaning) for code in Exit]
