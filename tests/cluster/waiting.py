"""Waits for conditions: each has a name, an end, and a last state to tell."""

import time
from collections.abc import Callable
from typing import TypeVar

from tests.cluster.errors import CommandError, ConditionError

Seen = TypeVar("Seen")

TIMEOUT_SECONDS = 60.0
PAUSE_SECONDS = 0.1


def wait_until(
    description: str,
    look: Callable[[], Seen],
    holds: Callable[[Seen], object] = bool,
    *,
    timeout: float = TIMEOUT_SECONDS,
) -> Seen:
    """Look until what is seen `holds` (by default: is true), and return it.

    A look that fails with CommandError counts as not yet: what is asked for may not exist. Raises ConditionError with
    the last thing seen after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            seen = look()
        except CommandError as error:
            last = str(error)
        else:
            if holds(seen):
                return seen
            last = repr(seen)
        if time.monotonic() > deadline:
            raise ConditionError(f"not within {timeout:g} s: {description}. Seen last: {last}")
        time.sleep(PAUSE_SECONDS)
