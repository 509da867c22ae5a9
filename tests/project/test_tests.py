"""Guards over the tests themselves: all run, on real parts, and wait for conditions."""

import ast
import re
from collections.abc import Iterator

import pytest

from scripts.run_tests import TEST_FOLDERS
from tests.e2e.conftest import scope
from tests.support.repository import files, texts

LEFT_OUT = {"skip", "skipif", "xfail", "importorskip"}
MOCKS = {"unittest", "mock", "pytest_mock"}


def left_out(tree: ast.Module) -> Iterator[str]:
    """Every use of what makes pytest leave a test out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in LEFT_OUT and ast.unparse(node).startswith("pytest."):
            yield ast.unparse(node)
        if isinstance(node, ast.ImportFrom) and node.module == "pytest":
            yield from (alias.name for alias in node.names if alias.name in LEFT_OUT)


def mocks(tree: ast.Module) -> Iterator[str]:
    """Every import of a library that pretends."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        yield from (name for name in names if name.split(".")[0] in MOCKS)


def blind_sleeps(tree: ast.Module) -> Iterator[str]:
    """Every `time.sleep` outside a loop: it asks for nothing and hopes. In a loop it is the pause between two looks."""
    in_loops = {
        inner
        for loop in ast.walk(tree)
        if isinstance(loop, ast.While | ast.For | ast.AsyncFor)
        for inner in ast.walk(loop)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep" and node not in in_loops:
            yield f"time.sleep in line {node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"from time import {alias.name}" for alias in node.names if alias.name == "sleep")


def patches(tree: ast.Module) -> Iterator[str]:
    """Every function that asks for pytest's means of patching."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.arg in {"monkeypatch", "mocker"}:
            yield f"{node.arg} in line {node.lineno}"


def offences(text: str) -> list[str]:
    """All that no test may do."""
    tree = ast.parse(text)
    return [*left_out(tree), *mocks(tree), *blind_sleeps(tree)]


def test_no_test_is_left_out_or_pretends_or_sleeps() -> None:
    """No skip, no expected failure, no mock, and no sleep that stands for a condition."""
    tests = [(path, text) for path, text in texts(".py") if path.parts[0] == "tests"]
    assert tests
    assert [(str(path), found) for path, text in tests if (found := offences(text))] == []


def test_unit_tests_patch_nothing() -> None:
    """What has to be patched to be tested has its inputs in the wrong place."""
    units = [(path, text) for path, text in texts(".py") if path.parts[:2] == ("tests", "unit")]
    assert [(str(path), found) for path, text in units if (found := list(patches(ast.parse(text))))] == []


def test_every_test_runs_in_a_stage() -> None:
    """`make test` knows the folder of each test file."""
    tests = [path for path in files() if path.parts[0] == "tests" and re.fullmatch(r"test_.*\.py", path.name)]
    assert [str(path) for path in tests if path.parts[1] not in TEST_FOLDERS] == []


def test_what_shares_an_installation_stays_in_one_process() -> None:
    chain, operator = "tests/e2e/chain/test_nights.py", "tests/e2e/operator/test_cap.py"
    assert scope(f"{chain}::test_a[b/c.py]") == scope("tests/e2e/chain/test_network.py::test_d")
    assert scope(f"{operator}::test_a") == operator


@pytest.mark.parametrize(
    "offence",
    [
        "import pytest\n@pytest.mark.sk" + "ip\ndef test_x(): ...",
        "import pytest\n@pytest.mark.xf" + "ail(reason='x')\ndef test_x(): ...",
        "import pytest\ndef test_x(): pytest.import" + "orskip('x')",
        "from pytest import sk" + "ip",
        "from unittest.mock import patch",
        "import unittest.mock",
        "import time\ndef test_x(): time.sleep(1)",
        "from time import sleep",
    ],
)
def test_the_guard_sees_each_offence(offence: str) -> None:
    """A guard that sees nothing guards nothing."""
    assert offences(offence) != []


def test_a_pause_between_two_looks_is_allowed() -> None:
    """A loop that looks, pauses and looks again waits for its condition."""
    assert offences("import time\nwhile not ready():\n    time.sleep(0.01)") == []


def test_the_guard_of_unit_tests_sees_a_patch() -> None:
    """Also in a fixture."""
    assert list(patches(ast.parse("def test_x(monkeypatch): ..."))) == ["monkeypatch in line 1"]
