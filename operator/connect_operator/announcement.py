"""An event for people: what `kubectl describe` and `kubectl get events` show of a ConnectJob or a ConnectRun."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from connect_operator.core.decision import Event
from connect_operator.core.names import GROUP, MANAGER
from connect_operator.known import Subject

CONTROLLER = f"{GROUP}/{MANAGER}"
ACTION = "Reconcile"
LONGEST_NOTE = 1024
ELLIPSIS = "…"


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """An event of one object. The same transition seen twice makes the same name, so that it is told once.

    A transition is known by the status that it starts from: until a new status has been written, a second look at
    the same world (after a crash, a conflict, a stale picture) comes to the same events under the same names.
    """

    subject: Subject
    event: Event
    at: datetime
    instance: str

    @property
    def namespace(self) -> str:
        """Where the object is, and the event."""
        return self.subject.namespace

    @property
    def name(self) -> str:
        """Unique for object, reason, what it is about, and the status that the transition starts from."""
        identity = f"{self.subject.uid}\n{self.event.reason}\n{self.event.about}\n{self.subject.status_digest}"
        return f"{self.subject.name}.{hashlib.sha256(identity.encode()).hexdigest()[:16]}"

    def body(self) -> dict[str, object]:
        """The object of events.k8s.io/v1."""
        subject = self.subject
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": self.name, "namespace": subject.namespace},
            "eventTime": self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self.instance,
            "action": ACTION,
            "type": self.event.type.value,
            "reason": self.event.reason,
            "regarding": {
                "apiVersion": subject.api_version,
                "kind": subject.kind,
                "namespace": subject.namespace,
                "name": subject.name,
                "uid": subject.uid,
                "resourceVersion": subject.resource_version,
            },
            "note": _shortened(self.event.message),
        }


def _shortened(note: str) -> str:
    """Kubernetes refuses a note of more than 1,024 bytes."""
    if len(note.encode()) <= LONGEST_NOTE:
        return note
    return note.encode()[: LONGEST_NOTE - len(ELLIPSIS.encode())].decode(errors="ignore") + ELLIPSIS
