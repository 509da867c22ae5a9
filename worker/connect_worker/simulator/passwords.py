"""Passwords: how they are sent, what the domain asks of them, and how they are kept."""

import hashlib
import hmac
import os
import re

from connect_worker.simulator.results import unwilling

_NOT_A_PASSWORD, _POLICY = "0000001F", "0000052D"
_SALT_BYTES = 8
_CLASSES_NEEDED = 3
_SHORTEST_TOKEN = 3
_DELIMITERS = re.compile(r"[,.\-_ #\t]+")


def decode_password(value: bytes) -> str:
    """The password in a `unicodePwd` value: UTF-16LE, between quotation marks. Raises Refusal."""
    try:
        text = value.decode("utf-16-le")
    except UnicodeDecodeError:
        raise unwilling(_NOT_A_PASSWORD) from None
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):  # noqa: PLR2004  two quotation marks
        raise unwilling(_NOT_A_PASSWORD)
    return text[1:-1]


def check_password(password: str, *, shortest: int, complex_one: bool, account_name: str, display_name: str) -> None:
    """A Windows domain's rule: length, and for a complex one three classes of characters and no part of the names.

    Raises Refusal 53 with 0000052D.
    """
    if len(password) < shortest:
        raise unwilling(_POLICY)
    if complex_one:
        _check_complexity(password, account_name, display_name)


def seal(password: str) -> bytes:
    """What is kept instead of the password. Fast on purpose: the simulator guards nothing and adds many users."""
    salt = os.urandom(_SALT_BYTES)
    return salt + _digest(salt, password)


def opens(sealed: bytes, password: str) -> bool:
    """Whether this is the password that was sealed."""
    return hmac.compare_digest(_digest(sealed[:_SALT_BYTES], password), sealed[_SALT_BYTES:])


def _check_complexity(password: str, account_name: str, display_name: str) -> None:
    lower = password.lower()
    if _classes(password) < _CLASSES_NEEDED:
        raise unwilling(_POLICY)
    tokens = [account_name, *_DELIMITERS.split(display_name)]
    if any(len(token) >= _SHORTEST_TOKEN and token.lower() in lower for token in tokens):
        raise unwilling(_POLICY)


def _digest(salt: bytes, password: str) -> bytes:
    return hashlib.blake2b(password.encode(), salt=salt, digest_size=16).digest()


def _classes(password: str) -> int:
    """How many of the five classes occur: upper, lower, digit, other letters, everything else."""
    kinds = {_class_of(character) for character in password}
    return len(kinds)


def _class_of(character: str) -> str:
    if character.isupper():
        return "upper"
    if character.islower():
        return "lower"
    if character.isdigit():
        return "digit"
    return "letter" if character.isalpha() else "special"
