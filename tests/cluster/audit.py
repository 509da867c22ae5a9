"""The API server's audit log: who asked what, and what he was answered."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

FORBIDDEN = 403


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEvent:
    """One request as it was answered. `resource` has its group and subresource: `batch/cronjobs`, `pods/log`."""

    at: datetime
    user: str
    user_agent: str
    verb: str
    uri: str
    resource: str
    namespace: str
    name: str
    code: int

    @property
    def forbidden(self) -> bool:
        """The user had no right to it."""
        return self.code == FORBIDDEN


def read_audit_log(log: Path) -> Iterator[AuditEvent]:
    """All events so far, oldest first; a line that is being written is left for the next reader."""
    with log.open() as lines:
        for line in lines:
            if line.endswith("\n"):
                yield _event(json.loads(line))


def _event(entry: dict[str, Any]) -> AuditEvent:
    target = entry.get("objectRef", {})
    path = (target.get("apiGroup"), target.get("resource"), target.get("subresource"))
    return AuditEvent(
        at=datetime.fromisoformat(entry["stageTimestamp"]),
        user=entry.get("impersonatedUser", entry["user"]).get("username", ""),
        user_agent=entry.get("userAgent", ""),
        verb=entry["verb"],
        uri=entry["requestURI"],
        resource="/".join(part for part in path if part),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=entry.get("responseStatus", {}).get("code", 0),
    )
