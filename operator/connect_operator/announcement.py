"""An event for people: what `kubectl describe` and `kubectl get events` show of a ConnectJob."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from connect_operator.core.decision import Event
from connect_operator.core.names import API_VERSION, GROUP, KIND, MANAGER
from connect_operator.index import KnownJob

CONTROLLER = f"{GROUP}/{MANAGER}"
ACTION = "Reconcile"
LONGEST_NOTE = 1024
ELLIPSIS = "…"


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """An event of one ConnectJob. The same transition seen twice makes the same name, so that it is told once.

    A transition is known by the status that it starts from: until a new status has been written, a second look at
    the same world (after a crash, a conflict, a stale picture) comes to the same events under the same names.
    """

    known: KnownJob
    event: Event
    at: datetime
    instance: str

    @property
    def namespace(self) -> str:
        """Where the ConnectJob is, and the event."""
        return self.known.job.namespace

    @property
    def name(self) -> str:
        """Unique for ConnectJob, reason, run and the status that the transition starts from."""
        identity = f"{self.known.job.uid}\n{self.event.reason}\n{self.event.run}\n{self.known.status_digest}"
        return f"{self.known.job.name}.{hashlib.sha256(identity.encode()).hexdigest()[:16]}"

    def body(self) -> dict[str, object]:
        """The object of events.k8s.io/v1."""
        job = self.known.job
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": self.name, "namespace": job.namespace},
            "eventTime": self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self.instance,
            "action": ACTION,
            "type": self.event.type.value,
            "reason": self.event.reason,
            "regarding": {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "namespace": job.namespace,
                "name": job.name,
                "uid": job.uid,
                "resourceVersion": self.known.resource_version,
            },
            "note": _shortened(self.event.message),
        }


def _shortened(note: str) -> str:
    """Kubernetes refuses a note of more than 1,024 bytes."""
    if len(note.encode()) <= LONGEST_NOTE:
        return note
    return note.encode()[: LONGEST_NOTE - len(ELLIPSIS.encode())].decode(errors="ignore") + ELLIPSIS
