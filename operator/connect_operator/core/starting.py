"""Why a run's worker does not start: from its pod, or from what Kubernetes warns of when there is no pod."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connect_operator.core.facts import JobFacts, PodFacts, PodPhase, Waiting, WarningEvent
from connect_operator.core.status import advice

LOOKS_AGAIN = timedelta(minutes=1)

_ON_THE_WAY = {"", "ContainerCreating", "PodInitializing"}
_IMAGE = {"ErrImagePull", "ImagePullBackOff"}
_TODO = {
    "ImagePullBackOff": "Check spec.image, the registry and the pull secrets",
    "InvalidImageName": "Correct spec.image",
    "ErrImageNeverPull": "Load the image onto the node",
    "Unschedulable": "Check spec.resources, nodeSelector, tolerations and affinity, or add a node",
    "SecretMissing": "Create the Secret",
    "SecretKeyMissing": "Add the key to the Secret",
    "PodSecurityRefused": "Check the namespace's Pod Security labels; the worker's pod meets the restricted standard",
    "QuotaExceeded": "Raise the namespace's ResourceQuota",
    "NotStarted": "Look at it with kubectl describe",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Hindrance:
    """Why nothing starts: a word, Kubernetes' own words, and what to do (may be empty)."""

    reason: str
    message: str
    todo: str = ""

    @property
    def sentence(self) -> str:
        """All of it, for a condition."""
        return advice(self.message, self.todo)


def last_pod(job_uid: str, pods: Iterable[PodFacts]) -> PodFacts | None:
    """The newest try of a run."""
    own = (pod for pod in pods if pod.job_uid == job_uid)
    return max(own, key=lambda pod: (pod.created, pod.name), default=None)


def has_begun(pod: PodFacts | None) -> bool:
    """Whether a pod's worker ran, were it for a moment."""
    if pod is None:
        return False
    return pod.phase is PodPhase.RUNNING or (pod.terminated is not None and pod.terminated.started is not None)


def late_at(job: JobFacts, pods: Iterable[PodFacts], patience: timedelta) -> datetime | None:
    """From when on a run that does not run is late; None if its worker runs, its last try has ended, or it waits."""
    if job.suspended:
        return None
    pod = last_pod(job.uid, pods)
    if pod is None:
        return (job.started or job.created) + patience
    return None if has_begun(pod) or pod.phase.ended or pod.gone else pod.created + patience


def wants_warnings(jobs: Iterable[JobFacts], pods: tuple[PodFacts, ...], now: datetime, patience: timedelta) -> bool:
    """Whether Kubernetes' Warnings for Jobs and pods must be observed: one list, only while a run does not start."""
    moments = (late_at(job, pods, patience) for job in jobs if job.end is None)
    return any(moment is not None and moment <= now for moment in moments)


def hindrance(job: JobFacts, pod: PodFacts | None, warnings: Iterable[WarningEvent]) -> Hindrance:
    """Why a run's newest pod, or a run without any, does not start."""
    seen = {warning.object_uid: warning for warning in warnings}
    if pod is None:
        return _refused(seen.get(job.uid))
    if pod.unscheduled is not None:
        return _made(pod.unscheduled.reason or "Unschedulable", pod.unscheduled.message)
    if pod.waiting is not None and pod.waiting.reason not in _ON_THE_WAY:
        return _waits(pod.waiting)
    return _warned(seen.get(pod.uid))


def is_hindered(pod: PodFacts) -> bool:
    """Whether a pod tells by itself why its worker never started."""
    return pod.unscheduled is not None or (pod.waiting is not None and pod.waiting.reason not in _ON_THE_WAY)


def _waits(waiting: Waiting) -> Hindrance:
    # The two take turns while the image cannot be had: one word for both, or the status would be written every minute.
    if waiting.reason in _IMAGE:
        return _made("ImagePullBackOff", waiting.message)
    return _made(_of_secrets(waiting.message) or waiting.reason, waiting.message)


def _warned(warning: WarningEvent | None) -> Hindrance:
    if warning is None:
        return _made("NotStarted", "The pod does not start, and Kubernetes does not say why")
    return _made(_of_secrets(warning.message) or _of_image(warning) or warning.reason, warning.message)


def _refused(warning: WarningEvent | None) -> Hindrance:
    if warning is None:
        return _made("NotStarted", "The Job has made no pod, and Kubernetes does not say why")
    if "violates PodSecurity" in warning.message:
        return _made("PodSecurityRefused", warning.message)
    if "exceeded quota" in warning.message:
        return _made("QuotaExceeded", warning.message)
    return _made(warning.reason, warning.message)


def _of_secrets(message: str) -> str:
    """Kubernetes has no word of its own for the commonest cause."""
    if "non-existent secret key" in message:
        return "SecretKeyMissing"
    return "SecretMissing" if "secret" in message and "not found" in message else ""


def _of_image(warning: WarningEvent) -> str:
    """While its pod is put away, the container waits for nothing any more, and only the events tell of the image."""
    told = any(word in warning.message for word in ("ErrImagePull", "ImagePullBackOff", "pull image", "pulling image"))
    return "ImagePullBackOff" if told else ""


def _made(reason: str, message: str) -> Hindrance:
    words = message or f"Kubernetes says no more than {reason}"
    return Hindrance(reason=reason, message=words, todo=_TODO.get(reason, ""))
