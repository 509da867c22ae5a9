"""The named statements of queries.sql."""

import re
from importlib import resources

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)


def parse(text: str) -> dict[str, str]:
    """Statements by name: each begins with a line `-- name --`."""
    _, *parts = _HEADING.split(text)
    return {name: statement.strip() for name, statement in zip(parts[::2], parts[1::2], strict=True)}


QUERIES = parse(resources.files(__package__).joinpath("queries.sql").read_text(encoding="utf-8"))
