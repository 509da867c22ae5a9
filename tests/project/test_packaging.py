"""Guards over the packaging: the locks hold what pyproject.toml asks for, and every file is checked."""

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.repository import files, read

PROJECT: dict[str, Any] = tomllib.loads(read("pyproject.toml"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
GROUPS: dict[str, list[str]] = PROJECT["dependency-groups"]

# Lock file → what it is made from; scripts/lock says the same to uv.
LOCKS = {
    "build": GROUPS["build"],
    "operator": EXTRAS["operator"],
    "relay": EXTRAS["relay"],
    "worker": EXTRAS["worker"],
    "run": [*EXTRAS["worker"], *EXTRAS["demonstration"], *GROUPS["build"]],
    "development": [requirement for part in (*EXTRAS.values(), *GROUPS.values()) for requirement in part],
}


def pins(lock: str) -> dict[str, str]:
    """Canonical name → exact version, of a lock file's text."""
    return {
        canonicalize_name(found[1]): found[2]
        for line in lock.splitlines()
        if (found := re.match(r"([\w.-]+)==([^\s;\\]+)", line))
    }


def unmet(requirements: list[str], pinned: dict[str, str]) -> list[str]:
    """The requirements that a lock does not satisfy."""
    wanted = [Requirement(text) for text in requirements]
    return [
        str(requirement)
        for requirement in wanted
        if (version := pinned.get(canonicalize_name(requirement.name))) is None or version not in requirement.specifier
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_satisfies_pyproject(name: str) -> None:
    """After a change of pyproject.toml, `make lock` is run and its result committed."""
    assert unmet(LOCKS[name], pins(read(f"requirements/{name}.txt"))) == []


@pytest.mark.parametrize("name", sorted(LOCKS.keys() - {"development"}))
def test_the_locks_agree_on_every_version(name: str) -> None:
    """What is shipped is what was tested, and one .venv serves `make run` and `make test`."""
    assert pins(read(f"requirements/{name}.txt")).items() <= pins(read("requirements/development.txt")).items()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_hashes_and_no_address(name: str) -> None:
    """Every package is checked against its hash, wherever it came from."""
    lock = read(f"requirements/{name}.txt")
    blocks = re.split(r"\n(?=\S)", lock.strip())
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in lock


def test_the_guard_of_locks_sees_what_is_missing_or_too_old() -> None:
    """A guard that sees nothing guards nothing."""
    assert unmet(["click>=8.2", "Rich>=14", "ldap3"], pins("click==8.1.0 \\\nrich==14.0 ; x\n")) == [
        "click>=8.2",
        "ldap3",
    ]


def test_every_python_file_is_type_checked() -> None:
    """A new folder with Python in it is named in [tool.mypy] too."""
    checked = set(PROJECT["tool"]["mypy"]["files"])
    assert [str(path) for path in files() if path.suffix == ".py" and path.parts[0] not in checked] == []


def test_every_package_is_in_the_wheel() -> None:
    """A folder that is not listed would be missing where Connect is installed."""
    parts = {"operator", "proto", "relay", "worker"}
    packages = {f"{path.parts[0]}/{path.parts[1]}" for path in files() if path.parts[0] in parts}
    assert packages == set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def test_the_changelogs_newest_version_is_the_projects() -> None:
    """A release changes both."""
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", read("CHANGELOG.md"), flags=re.MULTILINE)
    assert versions[0] == PROJECT["project"]["version"]
