"""Files that change: what is loaded, what is told once, and what stays."""

from pathlib import Path

import pytest

from connect_relay.errors import ConfigurationError
from connect_relay.reloading import LOADED, REFUSED, Source, Watched


class Files:
    """Two files that belong together: both must hold the same text."""

    def __init__(self, folder: Path) -> None:
        self.one, self.other = folder / "one", folder / "other"
        self.used: list[str] = []
        self.write("first", "first")

    def write(self, one: str, other: str) -> None:
        self.one.write_text(one)
        self.other.write_text(other)

    def load(self) -> None:
        text = self.one.read_text()
        if text != self.other.read_text():
            raise ConfigurationError("they differ")
        self.used.append(text)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def watched(files: Files) -> Watched:
    return Watched(Source(name="files", files=(files.one, files.other), load=files.load))


def test_what_has_not_changed_is_loaded_once(files: Files, watched: Watched) -> None:
    assert [watched.look(), watched.look()] == [None, None]
    files.write("first", "first")
    assert watched.look() is None
    assert files.used == ["first"]


def test_what_has_changed_is_loaded(files: Files, watched: Watched) -> None:
    files.write("second", "second")
    assert [watched.look(), watched.look()] == [LOADED, None]
    assert files.used == ["first", "second"]


def test_a_fault_is_told_once_when_it_is_found_again(files: Files, watched: Watched) -> None:
    files.write("second", "first")
    assert [watched.look() for _ in range(4)] == [None, REFUSED, None, None]
    files.write("third", "first")
    assert [watched.look() for _ in range(3)] == [None, REFUSED, None]
    assert files.used == ["first"]


def test_files_that_are_written_one_after_the_other_are_no_fault(files: Files, watched: Watched) -> None:
    files.write("second", "first")
    assert watched.look() is None
    files.write("second", "second")
    assert watched.look() == LOADED


def test_a_fault_that_nobody_foresaw_is_told_too(files: Files, watched: Watched) -> None:
    """It must not keep other files from being looked at."""
    files.one.unlink()
    assert [watched.look() for _ in range(3)] == [None, REFUSED, None]


def test_what_comes_back_after_a_fault_needs_no_loading(files: Files, watched: Watched) -> None:
    files.write("second", "first")
    assert [watched.look(), watched.look()] == [None, REFUSED]
    files.write("first", "first")
    assert watched.look() is None
    files.write("second", "first")
    assert [watched.look(), watched.look()] == [None, REFUSED]


def test_what_cannot_be_used_at_the_start_is_an_error(files: Files) -> None:
    files.write("one", "other")
    with pytest.raises(ConfigurationError, match="they differ"):
        Watched(Source(name="files", files=(files.one, files.other), load=files.load))
