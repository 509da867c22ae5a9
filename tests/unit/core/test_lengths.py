"""Lengths as a directory counts them."""

import pytest

from connect_worker.core.lengths import Fitting, cut, length, visible


@pytest.mark.parametrize(
    ("text", "units"), [("", 0), ("Zoë", 3), ("Zoe\u0308", 4), ("🎓", 2), ("a🎓b", 4), ("漢字", 2)]
)
def test_what_lies_beyond_the_basic_plane_counts_twice(text: str, units: int) -> None:
    assert length(text) == units


@pytest.mark.parametrize(
    ("text", "most", "rest"),
    [
        ("Schule", 6, "Schule"),
        ("Schule", 5, "Schul"),
        ("🎓🎓🎓", 6, "🎓🎓🎓"),
        ("🎓🎓🎓", 5, "🎓🎓"),
        ("a🎓", 2, "a"),
        ("Schule am See", 7, "Schule"),
        ("Schule ", 7, "Schule "),
    ],
)
def test_a_cut_splits_no_character_and_leaves_no_blank_at_its_end(text: str, most: int, rest: str) -> None:
    assert cut(text, most) == rest


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("An\x07na\x1b[31m", "Anna[31m"),
        ("\ufeffMus\u200bter\x85", "Muster"),
        ("\u202eanna\u2069", "anna"),
        ("a\tb\n\x0bc\u3000d", "a b c d"),
        ("سلام\u200cسلام 👩\u200d👩", "سلام\u200cسلام 👩\u200d👩"),
        ("\u200b \x00", ""),
    ],
)
def test_signs_that_only_steer_what_shows_them_are_left_out(text: str, seen: str) -> None:
    """The joiners are none: Persian, and emoji, are written with them."""
    assert visible(text) == seen


def test_a_descriptive_value_fits_as_the_directory_counts() -> None:
    fitting = Fitting()
    assert fitting.fit("title", " 🎓  🎓 Lehrer ", 6) == "🎓 🎓"
    assert fitting.fit("title", "  ", 6) is None
    assert fitting.fit("title", "Lehrer ", 6) == "Lehrer"
    assert fitting.fit("office", "Zimmer 1", 6) == "Zimmer"
    assert fitting.take_cuts() == (
        "title has 12 characters, the directory takes 6; office has 8 characters, the directory takes 6"
    )
    assert fitting.take_cuts() is None
