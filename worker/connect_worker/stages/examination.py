"""What `doctor` has found: one check a link."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connect_protocol.exit_codes import ExitCode
from connect_worker.errors import ConnectError


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One link, what was found, and what is wrong with it."""

    link: str
    found: str
    error: ConnectError | None = None


@dataclass(kw_only=True, slots=True)
class Examination:
    """All checks, in the order in which they were made."""

    checks: list[Check] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        """That of the first link that fails."""
        failed = (check.error.exit_code for check in self.checks if check.error is not None)
        return next(failed, ExitCode.DONE)

    def to_json(self) -> str:
        """For machines."""
        rows = [
            {
                "link": check.link,
                "ok": check.error is None,
                "found": check.found,
                "todo": check.error.todo if check.error is not None else "",
            }
            for check in self.checks
        ]
        return json.dumps({"checks": rows, "exitCode": self.exit_code}, ensure_ascii=False, indent=2)

    @contextmanager
    def of(self, link: str) -> Iterator[Callable[[str], None]]:
        """Within: examine this link; yields what to tell once it is well."""
        try:
            yield lambda found: self.checks.append(Check(link=link, found=found))
        except ConnectError as error:
            self.checks.append(Check(link=link, found=error.what, error=error))
