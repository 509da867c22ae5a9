"""A row as a query returns it. Pure."""

from collections.abc import Iterator
from typing import Any, Protocol


class Row(Protocol):
    """Values by column name: asyncpg's Record, without asyncpg."""

    def __getitem__(self, column: str, /) -> Any: ...

    def keys(self) -> Iterator[str]:
        """The columns' names."""
