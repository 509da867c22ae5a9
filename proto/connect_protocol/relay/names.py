"""What a realm and a target may be called, and how to tell of a name that somebody has made up."""

import re

LONGEST_NAME = 63
_LABEL = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{LONGEST_NAME - 2}}}[a-z0-9])?")
_LONGEST_SHOWN = 100

TARGET_NAME_RULE = f"lower-case letters, digits and hyphens between them, at most {LONGEST_NAME} characters"
"""For messages to people."""


def is_label(text: str) -> bool:
    """Whether this is a DNS label in lower case (RFC 1123, 2.1): 1 to 63 letters, digits, and hyphens between them."""
    return _LABEL.fullmatch(text) is not None


def is_target_name(text: str) -> bool:
    """Whether a target can be called so, by everybody: on a bridge's list, in Hello and Dial, and over SSH.

    It stands in logs, audit lines, metrics, in variables that are separated by spaces, and in ssh's arguments, where
    a colon, a slash or an equals sign means something else.
    """
    return is_label(text)


def shown(text: str) -> str:
    """As it may stand in a log or message, whoever has sent it: as it is, or escaped and in quotes; cut off."""
    plain = text.isascii() and text.isprintable()
    return text[:_LONGEST_SHOWN] if plain else ascii(text[:_LONGEST_SHOWN])
