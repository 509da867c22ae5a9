"""One night of the pure core in a process of its own: `python -m benchmarks.core_night FILE`; prints JSON.

Peak memory is the whole process's, input and interpreter included: what a pod must be given for it.
"""

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.large_school import NOW, TODAY, memberships
from benchmarks.night_input import VERSION, new_password, read_input
from connect_worker.collector import relax_collector
from connect_worker.core.desired import desire
from connect_worker.core.diff import diff
from connect_worker.core.picture import Whereabouts
from connect_worker.core.update import update
from connect_worker.core.validation import validate

T = TypeVar("T")


class Clock:
    """Seconds of CPU, user and system, by part."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}

    def of(self, part: str, work: Callable[[], T]) -> T:
        """Do the work and note its time."""
        start = time.process_time()
        result = work()
        self.parts[part] = time.process_time() - start
        return result


def main(path: Path) -> None:
    """Load the input, do the night as the worker does it, and tell what it took and what it found."""
    relax_collector()
    night = read_input(path)
    loaded = _peak_megabytes()
    clock = Clock()
    updated = clock.of(
        "update",
        lambda: update(
            night.state,
            night.master_data,
            night.configuration,
            today=TODAY,
            now=NOW,
            version=VERSION,
            new_password=new_password,
        ),
    )
    validation = clock.of("validate", lambda: validate(updated.state, night.configuration))
    desired = clock.of("desired", lambda: desire(updated.state, today=TODAY, blocked=validation.blocked_objects))
    nowhere = Whereabouts(elsewhere={}, recovered={})
    difference = clock.of("diff", lambda: diff(desired, night.actual, nowhere))
    found = {
        "cpu": clock.parts,
        "peak": _peak_megabytes(),
        "loaded": loaded,
        "people": len(updated.state.accounts),
        "memberships": memberships(updated.state),
        "findings": len(validation.findings),
        "changes": Counter(change.kind for change in difference.changes),
        "notes": len(difference.notes),
    }
    sys.stdout.write(json.dumps(found))


def _peak_megabytes() -> float:
    """The kernel's own account, in kibibytes on Linux."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]))
