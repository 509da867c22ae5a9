"""docs/reference/rulings.md explains every ruling and every chapter that code and tests cite, and names what exists."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.repository import ROOT, read, texts

PAGE = "docs/reference/rulings.md"
CITING = ("worker", "proto", "tests")
RULINGS = range(1, 44)
CITATION = re.compile(r"\brulings? (\d+(?:(?:, | and | to | or )\d+)*)", re.IGNORECASE)
CHAPTERS = re.compile(r"(?:manual|\b00[12]), ((?:«[^»]+»(?:, | and (?:the checklist )?)?)+)")
MODULE = re.compile(r"`([\w/]+\.(?:py|sql))`")


def citing() -> Iterator[tuple[Path, str]]:
    """The code of the folders that cite, each file on one line, without the signs that begin a comment's lines."""
    for path, text in texts(".py", ".sql"):
        if path.parts[0] in CITING and (ROOT / path) != Path(__file__):
            yield path, re.sub(r"\s*\n\s*(?:#|--)?\s*", " ", text)


def cited_rulings(text: str) -> set[int]:
    """The numbers of the rulings that a text cites; «10 to 13» are four."""
    found: set[int] = set()
    for citation in CITATION.findall(text):
        for part in re.split(r", | and | or ", citation):
            first, *last = part.split(" to ")
            found.update(range(int(first), int(last[0] if last else first) + 1))
    return found


def cited_chapters(text: str) -> set[str]:
    """The chapters of the seed that a text cites."""
    return {chapter for found in CHAPTERS.findall(text) for chapter in re.findall(r"«([^»…]+)»", found)}


def explained() -> dict[int, str]:
    """What the page says of each ruling."""
    parts = re.split(r"^### Ruling (\d+)$", read(PAGE), flags=re.MULTILINE)
    return {int(number): text for number, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_the_page_explains_every_ruling_once() -> None:
    assert list(explained()) == list(RULINGS)


def test_every_ruling_that_is_cited_is_explained() -> None:
    cited = {(str(path), number) for path, text in citing() for number in cited_rulings(text)}
    assert len({number for _, number in cited}) > len(RULINGS) / 2
    assert {one for one in cited if one[1] not in RULINGS} == set()


def test_every_chapter_of_the_seed_that_is_cited_is_named_among_the_sources() -> None:
    sources, _, _ = read(PAGE).partition("## Lifecycle")
    cited = {(str(path), chapter) for path, text in citing() for chapter in cited_chapters(text)}
    assert cited
    assert {one for one in cited if f"«{one[1]}" not in sources} == set()


def test_every_ruling_says_what_is_built_or_what_is_not() -> None:
    """Built names modules; what names none is not built."""
    for number, text in explained().items():
        built = re.search(r"^- \*\*Built:\*\* (.+)$", text, flags=re.MULTILINE)
        assert built is None or MODULE.search(built[1]), number
        assert built or "- **Not yet:** " in text, number


def test_every_module_that_a_page_of_docs_names_exists() -> None:
    """In the repository, or below one of its packages."""
    pages = [text for path, text in texts(".md") if path.parts[0] == "docs"]
    named = {module for text in pages for module in MODULE.findall(text)}
    assert len(named) > len(RULINGS) / 2
    parts = [ROOT / part for part in ("operator", "proto", "relay", "worker")]
    roots = [ROOT, *parts, *(package for part in parts for package in part.glob("connect_*"))]
    assert {module for module in named if not any((root / module).is_file() for root in roots)} == set()


def test_the_guard_reads_every_way_of_citing() -> None:
    """A guard that sees nothing guards nothing."""
    assert cited_rulings("Ruling 3; rulings 10 to 13; rulings 1, 5 and 34 (ruling 20).") == {
        1,
        3,
        5,
        10,
        11,
        12,
        13,
        20,
        34,
    }
    assert cited_chapters("(manual, «A» and the checklist «b») seed 002, «C», «D» (002, «E»; x)") >= set("ACDE")
