"""Guards over all files: what must never be committed."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.repository import ROOT, files, functions, texts

# The forbidden words are put together here, so that this file holds none of them.
REGISTRIES = tuple(
    f"{name}.{end}"
    for name, end in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("crates", "io"),
        ("proxy.golang", "org"),
        ("sum.golang", "org"),
        ("maven", "org"),
        ("deb.debian", "org"),
        ("security.debian", "org"),
    )
)
MACHINE_PATH = re.compile(r"(?<![\w.~}])/(?:work|root|home)/")
MARKS = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X"))
UNFINISHED = re.compile(rf"(?:#|--).*?\b(?:{MARKS})\b|\b(?:{MARKS})[:(]|NotImplemented" + "Error")

PROGRAM = ("operator", "proto", "relay", "scripts", "worker")
LARGEST_FILE = 500_000
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60


def registries(text: str) -> list[str]:
    """Hosts of package registries in a text."""
    return [host for host in REGISTRIES if host in text]


def machine_paths(text: str) -> list[str]:
    """Absolute paths of somebody's machine in a text."""
    return MACHINE_PATH.findall(text)


def unfinished(text: str) -> list[str]:
    """Words that mark what is not done."""
    return UNFINISHED.findall(text)


def too_long(text: str) -> Iterator[str]:
    """The module if it is too long, and each function that is."""
    lines = text.count("\n")
    if lines > LONGEST_MODULE:
        yield f"{lines} lines"
    for function in functions(text):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > LONGEST_FUNCTION:
            yield f"{function.name}: {length} lines"


def test_nothing_shadows_the_standard_librarys_operator() -> None:
    """`operator/` is a folder, never a package: with an __init__.py it would be imported in place of the library's."""
    assert Path("operator/__init__.py") not in files()
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_no_file_names_a_package_registry() -> None:
    """Packages are asked for by name; from where they come is set on each machine."""
    assert [(str(path), found) for path, text in texts() if (found := registries(text))] == []


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    """What is committed runs anywhere."""
    assert [(str(path), found) for path, text in texts() if (found := machine_paths(text))] == []


def test_nothing_is_left_unfinished() -> None:
    """What is not done is no part of the program, and no note in it either."""
    assert [(str(path), found) for path, text in texts() if (found := unfinished(text))] == []


def test_no_file_is_large() -> None:
    """Data are made by the tests that need them."""
    assert [str(path) for path in files() if (ROOT / path).stat().st_size > LARGEST_FILE] == []


def test_modules_and_functions_are_short() -> None:
    """A reader needs no scrolling: a module has one noun, a function does one thing."""
    modules = [(path, text) for path, text in texts(".py") if path.parts[0] in PROGRAM]
    assert [(str(path), found) for path, text in modules if (found := list(too_long(text)))] == []


@pytest.mark.parametrize(
    ("guard", "offence"),
    [
        (registries, "https://" + "files.python" + "hosted.org/packages"),
        (machine_paths, "see /" + "work/main/README.md"),
        (machine_paths, "open('/" + "home/anna/x')"),
        (unfinished, "x = 1  # TO" + "DO later"),
        (unfinished, "TO" + "DO: describe"),
        (unfinished, "raise NotImplemented" + "Error"),
    ],
)
def test_the_guards_of_texts_see_an_offence(guard: Callable[[str], list[str]], offence: str) -> None:
    """A guard that sees nothing guards nothing."""
    assert guard(offence) != []


def test_the_guard_of_lengths_sees_a_long_module_and_a_long_function() -> None:
    """61 lines are too long for a function, 401 for a module."""
    function = "def f() -> None:\n" + "    print()\n" * LONGEST_FUNCTION
    assert list(too_long(function)) == ["f: 61 lines"]
    assert list(too_long("x = 1\n" * 401)) == ["401 lines"]
    assert list(too_long("x = 1\n" * 400)) == []


def test_a_path_below_another_folder_is_no_path_of_a_machine() -> None:
    """Relative paths and addresses may hold such words."""
    assert machine_paths("docs/" + "work/page.md and example.org/" + "home/") == []
