"""A ConnectRun: one run that somebody wants. The CRD has refused what this module cannot read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connect_operator.core.spec import Mode
from connect_protocol.json_object import JsonObject

NAME_LENGTH = 40
UID_LENGTH = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectRun:
    """Metadata and spec of a ConnectRun. `connect_job` names its ConnectJob; `approve` is a checksum, or empty."""

    namespace: str
    name: str
    uid: str
    generation: int
    created: datetime
    deleting: bool = False
    connect_job: str
    mode: Mode
    approve: str = ""
    reason: str = ""
    confirm_locked: bool = False

    @property
    def job_name(self) -> str:
        """The one Job that it may ever have: made twice, as after a crash, it is refused the second time."""
        return f"run-{self.name[:NAME_LENGTH]}-{self.uid[:UID_LENGTH]}"

    @classmethod
    def parse(cls, body: Mapping[str, object]) -> "ConnectRun":
        """Read an API object. Raises ValueError that names the field."""
        run = JsonObject(body, "connectrun")
        meta, spec = run.object("metadata"), run.object("spec")
        return cls(
            namespace=meta.text("namespace"),
            name=meta.text("name"),
            uid=meta.text("uid"),
            generation=meta.integer("generation"),
            created=meta.moment("creationTimestamp"),
            deleting=meta.has("deletionTimestamp"),
            connect_job=spec.text("jobName"),
            mode=Mode(spec.text("mode")),
            approve=spec.optional_text("approve"),
            reason=spec.optional_text("reason"),
            confirm_locked=spec.flag("confirmLocked"),
        )
