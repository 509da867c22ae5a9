"""A command whose extra is not installed says so: Connect is installed into a Python that has no other package."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.repository import ROOT, read

PROJECT = tomllib.loads(read("pyproject.toml"))["project"]
NOT_FOR_PEOPLE = {"kubectl_complete-connect"}
NEEDED = {
    "connect-bridge": "relay",
    "connect-operator": "operator",
    "connect-relay": "relay",
    "connect-worker": "worker",
    "kubectl-connect": "kubectl",
}
SECONDS = 60


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the installed commands."""
    folder = tmp_path_factory.mktemp("bare")
    given("hatchling", "build", "--target", "wheel", "--directory", str(folder))
    given("python", "-m", "venv", "--without-pip", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    given("python", "-m", "pip", f"--python={python}", "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    return python.parent


def given(command: str, *arguments: str) -> None:
    program = Path(sys.executable).with_name(command)
    subprocess.run([program, *arguments], cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)


def test_every_command_for_people_is_tried() -> None:
    assert set(PROJECT["scripts"]) - NOT_FOR_PEOPLE == set(NEEDED)


@pytest.mark.parametrize(("command", "extra"), NEEDED.items())
def test_a_command_without_its_extra_names_it_and_how_it_is_installed(bare: Path, command: str, extra: str) -> None:
    assert extra in PROJECT["optional-dependencies"]
    ended = subprocess.run(
        [bare / command, "--help"], capture_output=True, text=True, check=False, timeout=SECONDS, env={}
    )
    assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr
    what, todo = ended.stderr.splitlines()
    assert what.startswith(f"Error: {command} needs ")
    start = f"→ Install the extra {extra}, in Connect's folder: {bare / 'python'} -m pip install --requirement "
    assert todo.startswith(start)
    assert (ROOT / todo.removeprefix(start)).is_file()
