"""How a run ended: from its last pod's report, else from the pod's state, else from the Job's condition."""

import re
from dataclasses import dataclass

from connect_operator.core.facts import JobEnd, PodFacts, Terminated
from connect_operator.core.status import Evidence, Result
from connect_protocol.exit_codes import ExitCode
from connect_protocol.report import Report, RunResult

JOB_DELETED = "JobDeleted"
"""The reason of an end that no condition tells of, since the Job is gone."""
STOPPED_BY_GATE = "BlockedBySafetyGate"
"""The worker's reason for a plan that a person can approve by its checksum."""
SHOWN = 600
"""Characters of a foreign text that go into the status."""

_RESULTS = {
    RunResult.DONE: Result.DONE,
    RunResult.BLOCKED: Result.BLOCKED,
    RunResult.FAILED: Result.FAILED,
    RunResult.STOPPED: Result.STOPPED,
}
_REASON = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_KILLED = {137, 143}
_NEVER_RAN = {"StartError", "ContainerCannotRun", "ContainerStatusUnknown"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """Result, reason and words for a run's end, and the report if there is one."""

    result: Result
    reason: str
    evidence: Evidence
    message: str = ""
    todo: str = ""
    report: Report | None = None


def ending(pod: PodFacts | None, end: JobEnd, *, connect_job: str) -> Ending:
    """How a run of this ConnectJob ended, whose last pod and whose Job's end are these."""
    if pod is not None and pod.terminated is not None:
        return _of_container(pod, pod.terminated, end, connect_job)
    if pod is not None and (interruption := _interruption(pod)):
        return interruption
    return _of_job(end)


def _of_container(pod: PodFacts, terminated: Terminated, end: JobEnd, connect_job: str) -> Ending:
    report = _report(terminated.message)
    if report is not None:
        return _of_report(report, pod, end, connect_job)
    if interruption := _interruption(pod):
        return interruption
    if end.reason == JOB_DELETED and terminated.reason in _NEVER_RAN:
        return _of_job(end)  # the kubelet's last word on a container that never was
    return _of_state(terminated)


def _report(text: str) -> Report | None:
    try:
        report = Report.from_json(text)
    except ValueError:
        return None
    return report if _REASON.fullmatch(report.reason) else None


def _of_report(report: Report, pod: PodFacts, end: JobEnd, connect_job: str) -> Ending:
    """The worker's own words; but who is stopped does not know why, and Kubernetes does."""
    reason = report.reason
    if report.exit_code == ExitCode.STOPPED_BY_SIGNAL:
        interruption = _interruption(pod)
        reason = interruption.reason if interruption else _deadline(end) or reason
    return Ending(
        result=_RESULTS[report.result],
        reason=reason,
        evidence=Evidence.REPORT,
        message=shown(report.message),
        todo=_todo(report, connect_job),
        report=report,
    )


def _todo(report: Report, connect_job: str) -> str:
    """The worker says what to do; how it is done where there is kubectl and no database, it cannot know."""
    todo, checksum = shown(report.todo), report.plan_checksum
    if report.reason != STOPPED_BY_GATE or not checksum:
        return todo
    see, approve = f"kubectl connect plan {connect_job}", f"kubectl connect approve {connect_job} {checksum}"
    return f"{todo}: {see} shows it, {approve} --reason WHY lets it through"


def _interruption(pod: PodFacts) -> Ending | None:
    """What Kubernetes did to the pod, if it did something."""
    if pod.reason == "DeadlineExceeded":
        todo = "Look at the log; raise spec.timeout if the run needs longer"
        return _stopped(
            "DeadlineExceeded", "The worker did not end itself at its timeout, and its pod was stopped", todo
        )
    if pod.reason == "Evicted":
        return _stopped(
            "Evicted", pod.message or "The node was short of something", "Check the node and spec.resources"
        )
    if pod.disrupted:
        return _stopped(
            "Disrupted", f"The pod had to leave its node: {pod.disrupted}", "The next run finishes the work"
        )
    return None


def _of_state(terminated: Terminated) -> Ending:
    text, code = terminated.message.strip(), terminated.exit_code
    if terminated.reason == "OOMKilled":
        return _failed(
            "OutOfMemory", "The worker needed more memory than it may have", "Raise spec.resources.limits.memory"
        )
    if terminated.reason in _NEVER_RAN:
        return _failed(terminated.reason, shown(text) or "The container did not run", "Check spec.image and the node")
    # The worker reports whatever it did: without that, exit code 0 may be another program's.
    if text:
        todo = "Is spec.image a worker of this operator's version? Look at its log"
        return _failed("ReportUnreadable", f"The worker ended with exit code {code} and left: {shown(text)}", todo)
    if code in _KILLED:
        return _stopped("Killed", f"The worker was killed (exit code {code})", "Look at the node; the next run goes on")
    return _failed("ReportMissing", f"The worker ended with exit code {code} and left no report", "Look at its log")


def _of_job(end: JobEnd) -> Ending:
    if end.reason == JOB_DELETED:
        message = "The Job was deleted before it ended"
        return _ended_job(Result.STOPPED, JOB_DELETED, message, "The next run finishes the work")
    if end.complete:
        return _ended_job(
            Result.DONE, "ReportMissing", "The run ended well, but its pod is gone, and the report with it"
        )
    if _deadline(end):
        message = "The run, with its waiting and its further tries, took longer than the Job may"
        return _ended_job(Result.STOPPED, "DeadlineExceeded", message, "Look at the Job's events")
    return _ended_job(Result.FAILED, end.reason or "JobFailed", shown(end.message), "Look at the Job's events")


def _deadline(end: JobEnd) -> str:
    return end.reason if end.reason == "DeadlineExceeded" else ""


def shown(text: str) -> str:
    """As much of a text as a status takes; half a surrogate pair, which UTF-8 has not, becomes a question mark."""
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _failed(reason: str, message: str, todo: str) -> Ending:
    return Ending(result=Result.FAILED, reason=reason, evidence=Evidence.POD, message=message, todo=todo)


def _stopped(reason: str, message: str, todo: str) -> Ending:
    return Ending(result=Result.STOPPED, reason=reason, evidence=Evidence.POD, message=message, todo=todo)


def _ended_job(result: Result, reason: str, message: str, todo: str = "") -> Ending:
    return Ending(result=result, reason=reason, evidence=Evidence.JOB, message=message, todo=todo)
