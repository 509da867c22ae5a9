"""How often a namespace's events are read for runs that do not start, and what is found in them."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connect_operator.cluster import Cluster
from connect_operator.core.facts import WarningEvent
from connect_operator.kube import Body, Kube
from connect_operator.warnings_watch import HOLDS, HOLDS_IN_SILENCE, WarningsWatch
from tests.support.connect_jobs import NOW


class Events(Kube):
    """The API server, as far as it holds events: pages of two."""

    def __init__(self, *events: Body) -> None:
        self.events = events
        self.asked: list[str] = []

    async def list_page(self, path: str, query: Mapping[str, str], *, accept: str = "application/json") -> Body:
        assert (query["fieldSelector"], accept) == ("type=Warning", "application/json")
        begin = int(query.get("continue", "0"))
        if not begin:
            self.asked.append(path)
            await asyncio.sleep(0)
        more = {"continue": str(begin + 2)} if begin + 2 < len(self.events) else {}
        return {"metadata": more, "items": list(self.events[begin : begin + 2])}


def event(uid: str, reason: str, minute: int, *, kind: str = "Pod") -> dict[str, Any]:
    at = f"2026-11-22T03:{minute:02}:00Z"
    return {
        "metadata": {"creationTimestamp": at},
        "involvedObject": {"kind": kind, "uid": uid},
        "lastTimestamp": at,
        "reason": reason,
        "message": f"{reason} of {uid}",
    }


MANY = (
    event("pod-1", "FailedMount", 5),
    event("job-1", "FailedCreate", 3, kind="Job"),
    event("pod-1", "FailedScheduling", 2),
    event("node", "NodeNotReady", 9, kind="Node"),
    event("pod-2", "FailedMount", 1),
)


def watching(*events: Body) -> tuple[Events, WarningsWatch]:
    kube = Events(*events)
    return kube, WarningsWatch(Cluster(kube))


async def test_the_newest_warning_of_job_and_pod_is_found_on_whichever_page() -> None:
    _, watch = watching(*MANY)
    told = await watch.of("connect", ("job-1", "pod-1", "pod-9"), NOW)
    assert told == (
        WarningEvent(object_uid="job-1", reason="FailedCreate", message="FailedCreate of job-1"),
        WarningEvent(object_uid="pod-1", reason="FailedMount", message="FailedMount of pod-1"),
    )


async def test_a_thousand_runs_of_a_namespace_that_do_not_start_cost_one_list_a_minute() -> None:
    kube, watch = watching(*(event(f"pod-{number}", "FailedMount", 1) for number in range(20)))
    for minute in range(3):
        at = NOW + timedelta(minutes=minute)
        await asyncio.gather(*(watch.of("connect", (f"pod-{number}", "job"), at) for number in range(20)))
    await watch.of("other", ("pod-1",), NOW)
    assert [path.split("/")[4] for path in kube.asked] == ["connect"] * 3 + ["other"]


async def test_what_is_silent_of_a_run_is_read_again_sooner() -> None:
    kube, watch = watching()
    assert await watch.of("connect", ("pod-1",), NOW) == ()
    kube.events = MANY
    assert await watch.of("connect", ("pod-1",), NOW + HOLDS_IN_SILENCE / 2) == ()
    at = NOW + HOLDS_IN_SILENCE
    assert [warning.reason for warning in await watch.of("connect", ("pod-1",), at)] == ["FailedMount"]
    kube.events = (event("pod-1", "Failed", 7),)
    assert [warning.reason for warning in await watch.of("connect", ("pod-1",), at + HOLDS / 2)] == ["FailedMount"]
    assert [warning.reason for warning in await watch.of("connect", ("pod-1",), at + HOLDS)] == ["Failed"]
