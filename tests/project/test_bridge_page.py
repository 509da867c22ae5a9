"""docs/how-to/bridge.md: its commands exist with these options, and what it shows is what there is."""

import re
import shlex

import click
import pytest
import yaml

from connect_relay import cli
from connect_relay.bridge import cli as bridge_cli
from connect_relay.bridge.examination import Area, Chapter, as_lines
from connect_relay.bridge.installation import FOLDER
from tests.support.repository import read, table

PAGE = "docs/how-to/bridge.md"
PROGRAMS = {"connect-bridge": bridge_cli.main, "connect-relay": cli.main}


def blocks(language: str) -> list[str]:
    """The blocks of the page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", read(PAGE), flags=re.DOTALL)


def commands() -> list[list[str]]:
    """Every command line of ours, in words; in a container's too."""
    lines = [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    words = [shlex.split(line.removeprefix("sudo ")) for line in lines]
    inside = [["connect-bridge", *line[line.index("unpack") :]] for line in words if "unpack" in line]
    return [line for line in words if line[0] in PROGRAMS] + inside


@pytest.mark.parametrize("line", commands(), ids=" ".join)
def test_every_command_is_understood(line: list[str]) -> None:
    """As far as its options go: nothing is run."""
    command: click.Command = PROGRAMS[line[0]]
    arguments = line[1:]
    context = click.Context(command)
    while isinstance(command, click.Group):
        name, found, arguments = command.resolve_command(context, arguments)
        assert found is not None, name
        command = found
    optional = [
        *arguments,
        *(["--relay", "r:1", "--tls", ".", "--target", "a=b:1"] if command.name == "doctor" else []),
    ]
    assert command.make_context(command.name, optional).params


def test_the_page_has_the_lines_that_matter() -> None:
    assert {line[1] for line in commands()} == {"check", "install", "doctor", "unpack", "uninstall", "pki"}


def test_the_files_are_those_that_are_installed() -> None:
    told = " ".join(row[0] for row in table(read(PAGE), "## Install it"))
    assert re.findall(r"[\w./-]+", told) == [
        *(f"{FOLDER}/environment", f"{FOLDER}/tls.key", f"{FOLDER}/tls.crt", "ca.crt"),
        *(f"{FOLDER}/sshPrivateKey", "knownHosts", f"{FOLDER}/proxy-login"),
        "/etc/systemd/system/connect-bridge.service",
    ]


def test_doctors_answer_looks_like_this() -> None:
    """A fault and what to do about it, as the page shows it."""
    todo = "Does the server run there, and does a firewall let this machine reach it?"
    chapter = Chapter(area=Area.TARGET, subject="target directory dc1.school.test:636")
    steps = [
        chapter.well("DNS", "10.0.0.6"),
        chapter.fault("TCP", "target directory has not answered within 8 s", todo),
    ]
    shown = click.unstyle("\n".join(list(as_lines(steps))[:-2]))
    assert f"{shown}\n" in read(PAGE)


def test_the_compose_file_runs_the_bridge_with_nothing_but_its_folder() -> None:
    (text,) = blocks("yaml")
    service = yaml.safe_load(text)["services"]["connect-bridge"]
    assert [*service["entrypoint"], *service["command"]] == ["connect-bridge", "run"]
    assert service["volumes"] == [f"./connect-bridge:{FOLDER}:ro"]
