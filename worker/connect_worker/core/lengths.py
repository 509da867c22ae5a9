"""Lengths as Active Directory counts them: in UTF-16 code units, so that an emoji counts as two."""


def length(text: str) -> int:
    """How long a directory takes the text to be."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def cut(text: str, most: int) -> str:
    """The text, or as much of its start as a directory takes: no half sign and no blank at the end of what was cut."""
    if length(text) <= most:
        return text
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore").rstrip()
