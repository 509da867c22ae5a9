"""Tables as kubectl draws them: columns of blanks, capital headings; colours only where somebody asks for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

GAP = "   "
_ESCAPE = "\x1b[{}m"


class Colour(StrEnum):
    """What a word is: by ANSI's number."""

    PLAIN = ""
    GOOD = "32"
    WARNING = "33"
    BAD = "31"
    DIM = "2"
    BOLD = "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A word of a table, and its colour."""

    text: str
    colour: Colour = Colour.PLAIN


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """Whether colours may be shown: on a terminal, unless NO_COLOR is set."""

    coloured: bool

    def paint(self, text: str, colour: Colour) -> str:
        """The text in a colour."""
        if not self.coloured or not text or colour is Colour.PLAIN:
            return text
        return f"{_ESCAPE.format(colour.value)}{text}{_ESCAPE.format(0)}"


def table(headings: Sequence[str], rows: Iterable[Sequence[Cell]], style: Style) -> str:
    """The lines, without blanks at their ends."""
    cells = [[Cell(text=heading, colour=Colour.BOLD) for heading in headings]]
    cells += [[Cell(text=printable(cell.text), colour=cell.colour) for cell in row] for row in rows]
    widths = [max(len(row[column].text) for row in cells) for column in range(len(headings))]
    return "\n".join(_line(row, widths, style) for row in cells)


def printable(text: str) -> str:
    """Without what would move the cursor or colour a terminal: names come from other people's databases."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _line(row: Sequence[Cell], widths: Sequence[int], style: Style) -> str:
    while row and not row[-1].text:
        row = row[:-1]
    last = len(row) - 1
    return GAP.join(
        style.paint(cell.text, cell.colour) + ("" if column == last else " " * (width - len(cell.text)))
        for column, (cell, width) in enumerate(zip(row, widths, strict=False))
    )
