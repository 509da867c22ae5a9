"""Output of commands that a page of the docs shows: written there by the tests, and compared with what they see.

A block follows the comment `<!-- shown: NAME -->`. With CONNECT_WRITE_DOCS=1 it is written anew; otherwise it must say
the same but for what differs in every run: moments, ages, the images' tag, the widths of columns.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import ROOT

PAGE = ROOT / "docs" / "reference" / "kubectl.md"
WRITE = "CONNECT_WRITE_DOCS"
CHANGING = (
    (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z| [A-Z]{3,4})?", "<moment>"),
    (r"\d{4}-\d{2}-\d{2}", "<day>"),
    (r"\b(\d+[dhms])+\b", "<age>"),
    (r"\bsha256:[0-9a-f]{64}\b", "<checksum>"),
    (r"\b[0-9a-f]{16}\b", "<tag>"),
    (r"[ ─-]+", " "),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page with such blocks."""

    path: Path = PAGE

    def shows(self, name: str, text: str) -> None:
        """Hold the block of that name to this text. Raises AssertionError where they differ."""
        page = self.path.read_text(encoding="utf-8")
        found = re.search(rf"<!-- shown: {re.escape(name)} -->\n```\w*\n(.*?)```\n", page, re.DOTALL)
        assert found, f"{self.path.name} has no block «{name}»"
        if os.environ.get(WRITE):
            self.path.write_text(page[: found.start(1)] + tidy(text) + page[found.end(1) :], encoding="utf-8")
        else:
            assert lasting(found[1]) == lasting(text), f"«{name}» has changed: {WRITE}=1 makes the tests write it anew"


def tidy(text: str) -> str:
    """Without blanks at the lines' ends."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"


def lasting(text: str) -> str:
    """What is the same in every run."""
    text = tidy(text)
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    return text
