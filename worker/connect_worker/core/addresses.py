"""Mail addresses: what counts as valid, and the nickname that Entra ID makes of one."""

import re

# Both brackets of the seed's pattern hold letters, digits, underscore, hyphen, and the comma that was meant to
# separate them; the comma has no effect, because an address with a comma anywhere is refused besides.
_PATTERN = re.compile(r"[a-z0-9,_-][^@]*@[a-z0-9,_-][^@]*\.[a-z][a-z][^@]*", re.IGNORECASE | re.ASCII)
_LETTER = re.compile(r"[a-z]", re.IGNORECASE | re.ASCII)
_NOWHERE = (".@", "..", ",", " ")
_NOT_IN_NICKNAMES = re.compile(r"[^A-Za-z0-9_-]")


def is_valid_address(text: str | None) -> bool:
    """Whether warning 7, and 9 for each alias, lets this address pass; a missing one does not (seed 002, ruling 30).

    Exactly the seed's condition, whatever the case of A to Z. It is looser than the standard on purpose: an address
    that passed at a customer's yesterday must pass today.
    """
    return (
        text is not None
        and _PATTERN.fullmatch(text) is not None
        and _LETTER.fullmatch(text[-1]) is not None
        and not any(sign in text for sign in _NOWHERE)
    )


def mail_nickname(address: str | None) -> str | None:
    """The part before the @; all but letters, digits, `-` and `_` becomes `-` (ruling 15)."""
    local_part = (address or "").partition("@")[0]
    return _NOT_IN_NICKNAMES.sub("-", local_part) or None
