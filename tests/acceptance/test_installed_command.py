"""`connect-worker` as it is installed; elsewhere its commands are forked with their imports done, and do the same."""

from dataclasses import replace

import pytest

from tests.support.site import Site
from tests.support.worker import Worker


@pytest.fixture
def installed(site: Site) -> Worker:
    """The site's worker, whose commands are started one by one."""
    return replace(site.worker, forks=None)


def test_the_installed_command_does_a_night(site: Site, installed: Worker) -> None:
    """All of it; a forked command finds nothing left to do, and says so like the installed one."""
    site.enrol(2)
    assert installed.json("run").report["reason"] == "Synced"
    site.assert_complete(2)
    assert installed.json("plan").report["reason"] == site.run("plan").report["reason"] == "NothingToDo"


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (("--help",), {}),
        (("synchronise",), {}),
        (("doctor", "--output", "json"), {"CONNECT_SECRETS_DIR": "/nowhere"}),
    ],
)
def test_a_forked_command_answers_like_the_installed_one(
    site: Site, installed: Worker, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    """The same exit code, output and errors, from the same arguments and environment."""
    ended = installed(*arguments, **variables)
    assert ended.stdout or ended.stderr
    assert site.worker(*arguments, **variables) == ended
