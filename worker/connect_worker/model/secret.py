"""Secrets that cannot be printed by accident."""

from typing import NewType

SealedSecret = NewType("SealedSecret", str)
"""A secret encrypted for the database; safe to hold and to store, useless without the customer's key."""


class Secret:
    """A secret in the clear. Its repr, str and format are masked; `reveal` is the only way in."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for the call that needs it, never for a message."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not to be pickled or copied out of the process")
