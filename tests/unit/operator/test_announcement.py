"""Events for people: told once for each transition."""

from dataclasses import replace
from datetime import UTC, datetime

from connect_operator.announcement import Announcement
from connect_operator.core.decision import Event, EventType
from connect_operator.core.status import Status
from connect_operator.known import KnownJob
from tests.support.connect_jobs import MUSTERWIL

AT = datetime(2026, 11, 22, 3, 0, 0, 250, tzinfo=UTC)
KNOWN = KnownJob(job=MUSTERWIL, status=Status(), resource_version="7", status_digest="digest")
READY = Event(type=EventType.NORMAL, reason="Reconciled", message="All is well.")


def announcement(known: KnownJob = KNOWN, event: Event = READY) -> Announcement:
    return Announcement(subject=known.subject, event=event, at=AT, instance="operator-x")


def test_an_event_is_about_its_connect_job() -> None:
    body = announcement().body()
    assert body["regarding"] == {
        "apiVersion": "schoolconnect.io/v1alpha1",
        "kind": "ConnectJob",
        "namespace": "connect",
        "name": "musterwil",
        "uid": "job-uid",
        "resourceVersion": "7",
    }
    assert (body["reason"], body["note"], body["type"]) == ("Reconciled", "All is well.", "Normal")
    assert body["eventTime"] == "2026-11-22T03:00:00.000250Z"


def test_the_same_transition_has_the_same_name_whatever_else_has_changed() -> None:
    later = replace(announcement(), at=AT.replace(hour=4), subject=replace(KNOWN, resource_version="8").subject)
    assert later.name == announcement().name


def test_another_status_reason_run_or_connect_job_makes_another_name() -> None:
    others = [
        announcement(known=replace(KNOWN, status_digest="another")),
        announcement(event=replace(READY, reason="SecretMissing")),
        announcement(event=replace(READY, about="run-1")),
        announcement(known=replace(KNOWN, job=replace(MUSTERWIL, uid="another"))),
    ]
    assert len({announcement().name, *(other.name for other in others)}) == 5


def test_a_long_message_is_cut_to_what_kubernetes_takes() -> None:
    note = announcement(event=replace(READY, message="ü" * 2000)).body()["note"]
    assert isinstance(note, str)
    assert len(note.encode()) <= 1024
    assert note.endswith("ü…")
