"""Lengths as Active Directory counts them: in UTF-16 code units, so that an emoji counts as two."""

import re

# Upper bounds of Active Directory's schema.
SHORT = 64
MEDIUM = 128
DISPLAY_NAME = 256
INITIALS = 6
EMPLOYEE_ID = 16
COUNTRY = 3
POSTAL_CODE = 40
LONG = 1024
HOME_PAGE = 2048

_STEERING = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


def length(text: str) -> int:
    """How long a directory takes the text to be."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def cut(text: str, most: int) -> str:
    """The text, or as much of its start as a directory takes: no half sign and no blank at the end of what was cut."""
    if length(text) <= most:
        return text
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore").rstrip()


def visible(text: str) -> str:
    """The text without signs that only steer what shows it, blanks squeezed.

    Control signs could steer a terminal, and those for the direction of writing make a name look like another one. The
    joiners stay: Persian and emoji are written with them.
    """
    return " ".join((text if text.isprintable() else _STEERING.sub("", text)).split())


class Fitting:
    """Makes descriptive values fit a directory, and keeps in mind which ones had to be cut (ruling 32)."""

    __slots__ = ("_cuts",)

    def __init__(self) -> None:
        self._cuts: list[str] = []

    def fit(self, name: str, value: str | None, most: int) -> str | None:
        """The value as it can be seen, cut at `most`; None if nothing is left. `name` is what people call it."""
        if not value:
            return None
        return self.cut(name, value if value.isalnum() else visible(value), most) or None

    def cut(self, name: str, text: str | None, most: int) -> str | None:
        """The text as it is, cut at `most`."""
        # No text has more than two code units a character.
        if text is None or 2 * len(text) <= most:
            return text
        short = cut(text, most)
        if short != text:
            self._cuts.append(f"{name} has {length(text)} characters, the directory takes {most}")
        return short

    def add(self, cuts: str | None) -> None:
        """Keep in mind what was cut elsewhere."""
        if cuts is not None:
            self._cuts.append(cuts)

    def take_cuts(self) -> str | None:
        """Say what was cut since the last time, if anything was."""
        if not self._cuts:
            return None
        told = "; ".join(self._cuts)
        self._cuts.clear()
        return told
