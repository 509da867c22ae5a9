"""When Active Directory takes two texts for the same."""

import unicodedata


def fold(text: str) -> str:
    """A key that is equal for texts that Windows compares as equal: whatever the case, accent or width.

    Windows ignores nonspacing marks (NORM_IGNORENONSPACE), so that «Müller» and «Muller» collide there; other
    directories compare the accents.
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
