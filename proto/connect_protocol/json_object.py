"""Reads JSON objects that another version of Connect, or somebody else, has written."""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Raw: TypeAlias = object
"""A value as it stands; inside the class, `object` is a method."""
GREATEST = 2**63 - 1
"""What others keep numbers in: Kubernetes refuses a greater one, and NaN, which Python's JSON knows."""


class JsonObject:
    """A JSON object whose fields are taken out by name and type; fields that nobody asks for are passed over.

    Every method raises ValueError that names the field, as a path, and what should stand there.
    """

    def __init__(self, members: Mapping[str, object], path: str) -> None:
        self._members = members
        self._path = path

    @classmethod
    def parse(cls, text: str, path: str) -> "JsonObject":
        """Read a text that should be one JSON object; `path` names it in messages."""
        try:
            value = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{path} is not JSON: {error}") from error
        except RecursionError as error:
            raise ValueError(f"{path} is not JSON that anybody meant: it is nested too deeply") from error
        return cls(_expected(value, dict, path, "an object"), path)

    def text(self, name: str) -> str:
        """A string that must be there."""
        return _expected(self._members.get(name), str, self._at(name), "a string")

    def optional_text(self, name: str) -> str:
        """A string; empty where there is none."""
        return self.text(name) if self.has(name) else ""

    def integer(self, name: str) -> int:
        """A whole number that must be there."""
        return _integer(self._members.get(name), self._at(name))

    def optional_integer(self, name: str, otherwise: int = 0) -> int:
        """A whole number, or `otherwise` where there is none."""
        return self.integer(name) if self.has(name) else otherwise

    def moment(self, name: str) -> datetime:
        """A moment in ISO 8601 that must be there."""
        text = self.text(name)
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"{self._at(name)} should be a moment in ISO 8601, not {text!r}") from error

    def optional_moment(self, name: str) -> datetime | None:
        """The same, or None where there is none."""
        return self.moment(name) if self.has(name) else None

    def flag(self, name: str) -> bool:
        """A truth value; False where there is none."""
        return _expected(self._members.get(name, False), bool, self._at(name), "true or false")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; empty where there is none."""
        values = _expected(self._members.get(name, []), list, self._at(name), "a list of strings")
        return tuple(_expected(value, str, self._at(name), "a list of strings") for value in values)

    def object(self, name: str) -> "JsonObject":
        """An object within; an empty one where there is none."""
        path = self._at(name)
        return JsonObject(_expected(self._members.get(name, {}), dict, path, "an object"), path)

    def objects(self) -> Iterator[tuple[str, "JsonObject"]]:
        """All members, each of which must be an object."""
        return ((name, self.object(name)) for name in self._members)

    def integers(self) -> Iterator[tuple[str, int]]:
        """All members, each of which must be a whole number."""
        return ((name, self.integer(name)) for name in self._members)

    def numbers(self) -> Iterator[tuple[str, float]]:
        """All members, each of which must be a number."""
        return ((name, _number(value, self._at(name))) for name, value in self._members.items())

    def names(self) -> Iterator[str]:
        """The members' names."""
        return iter(self._members)

    def members(self, name: str) -> dict[str, Raw]:
        """An object within, as it stands; an empty one where there is none."""
        return dict(_expected(self._members.get(name, {}), dict, self._at(name), "an object"))

    def values(self, name: str) -> tuple[Raw, ...]:
        """A list within, as it stands; an empty one where there is none."""
        return tuple(_expected(self._members.get(name, []), list, self._at(name), "a list"))

    def elements(self, name: str) -> Iterator["JsonObject"]:
        """A list of objects; an empty one where there is none."""
        for index, value in enumerate(self.values(name)):
            path = f"{self._at(name)}[{index}]"
            yield JsonObject(_expected(value, dict, path, "an object"), path)

    def has(self, name: str) -> bool:
        """Whether there is a member of this name that is not null."""
        return self._members.get(name) is not None

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}"


def _expected(value: object, kind: type[T], path: str, what: str) -> T:
    if not isinstance(value, kind):
        raise ValueError(f"{path} should be {what}, not {_described(value)}")  # noqa: TRY004 - wrong data, no wrong call
    return value


def _integer(value: object, path: str) -> int:
    if isinstance(value, bool):
        raise ValueError(f"{path} should be a whole number, not a truth value")  # noqa: TRY004 - wrong data
    number = _expected(value, int, path, "a whole number")
    if not -GREATEST - 1 <= number <= GREATEST:
        raise ValueError(f"{path} should be a whole number of at most 64 bits")
    return number


def _number(value: object, path: str) -> float:
    if not isinstance(value, float):
        return float(_integer(value, path))
    if not math.isfinite(value):
        raise ValueError(f"{path} should be a number, not {value}")
    return value


def _described(value: object) -> str:
    return "missing" if value is None else type(value).__name__
