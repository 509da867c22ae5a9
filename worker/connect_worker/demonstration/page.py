"""What a person sees of the demonstration: headings, sentences, commands with their output, tables."""

import re
from collections.abc import Iterator, Sequence
from difflib import ndiff

from rich.console import Console
from rich.text import Text

from connect_worker.errors import ConnectError
from connect_worker.store.row import Row

WIDTH_ELSEWHERE = 116
"""Also the least that is shown of a command's line: what a narrow terminal cannot hold goes on in its next line."""
WIDEST = 140
_STYLES = {"- ": "red", "+ ": "green", "@@": "cyan"}
_GAP = re.compile(r" {3,}")


class Page:
    """Prints to stdout; colours on a terminal only."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._console.width = min(self._console.width, WIDEST) if self._console.is_terminal else WIDTH_ELSEWHERE
        self._room = max(self._console.width, WIDTH_ELSEWHERE)
        self._scenes = 0
        self._in_text = True

    def scene(self, title: str, when: str = "") -> None:
        """A new part of the story."""
        self._scenes += 1
        self._console.print()
        heading = Text.assemble((f"{self._scenes}  {title}", "bold"), (f"   {when}" if when else "", "dim"))
        self._console.print(heading)
        self._console.print(Text("─" * self._console.width, style="dim"))
        self._in_text = True

    def say(self, text: str) -> None:
        """A sentence or two."""
        self._part(text=True)
        self._console.print(Text(text))

    def items(self, items: Sequence[str]) -> None:
        """Some sentences, one below the other."""
        for item in items:
            self._console.print(Text(f"  • {item}"))

    def fault(self, error: ConnectError) -> None:
        """Why it ends here, and what to do; on stderr."""
        console = Console(stderr=True, highlight=False)
        console.print(Text(f"\n{error.what}", style="bold red"), soft_wrap=True)
        if error.todo:
            console.print(Text(f"→ {error.todo}"), soft_wrap=True)

    def command(self, command: str) -> None:
        """A command line as one could type it."""
        self._part(text=False)
        self._console.print(Text(f"$ {command}", style="bold cyan"), soft_wrap=True)

    def commands(self, commands: Sequence[tuple[str, str]]) -> None:
        """Command lines for the reader to type, with a word on each."""
        self._part(text=False)
        for command, meaning in commands:
            line = Text.assemble("  ", (command, "bold cyan"), (f"   # {meaning}" if meaning else "", "dim"))
            self._console.print(line, soft_wrap=True)

    def output(self, text: str, *, head: int = 8, tail: int = 8) -> None:
        """What a command printed, the middle left out where it is long."""
        lines = text.rstrip().splitlines()
        left_out = len(lines) - head - tail
        shown = lines if left_out <= 1 else [*lines[:head], f"… {left_out} lines more …", *lines[-tail:]]
        self._lines(shown)

    def lines(self, title: str, lines: Sequence[str]) -> None:
        """Some lines under a title."""
        self._part(text=False)
        self._console.print(Text(title, style="italic"))
        self._lines(lines)

    def difference(self, title: str, before: Sequence[str], after: Sequence[str]) -> None:
        """Lines before and after, like a patch."""
        self.lines(title, [line for line in ndiff(before, after) if not line.startswith("?")])

    def rows(self, query: str, rows: Sequence[Row]) -> None:
        """A statement as one could give it to psql, and its result."""
        self.command(f'psql -c "{query}"')
        self._lines(list(_aligned(rows)) if rows else ["(no rows)"])

    def _part(self, *, text: bool) -> None:
        """Leave a line free, but between two sentences."""
        if not (text and self._in_text):
            self._console.print()
        self._in_text = text

    def _lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            style = _STYLES.get(line[:2], "")
            text = Text(f"  {self._squeezed(line.rstrip())}", style=style)
            text.truncate(self._room, overflow="ellipsis")
            self._console.print(text, soft_wrap=True)
        self._in_text = False

    def _squeezed(self, line: str) -> str:
        """A line of a table that is wider than the page, without the space between its columns."""
        return _GAP.sub("  ", line) if len(line) > self._room - 2 else line


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    """Rows below their columns' names."""
    columns = list(rows[0].keys())
    cells = [columns, *(["" if row[name] is None else str(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    return ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
