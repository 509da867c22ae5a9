"""What the watch has told, found by ConnectJob: no look needs a list.

ConnectJobs are found by namespace and name, and by realm; all others by the ConnectJob that they belong to. What is put
in is known by its uid, so that an object that went and came again under its name is another one.

A pod that was deleted stays, `gone`, as long as its Job does or its run counts as active: its report may not have been
recorded yet.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from connect_operator.core.facts import CronJobFacts, Gatekeeper, JobFacts, PodFacts, RealmClaim
from connect_operator.core.run_status import Request
from connect_operator.core.spec import ConnectJob
from connect_operator.kind import Kind
from connect_operator.known import READERS, Body, Key, KnownJob, KnownRun, identity

F = TypeVar("F")

REMEMBERED = 1000
"""So many of the objects that went last are remembered: far more go in no answer's time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Item(Generic[F]):
    key: Key
    version: str
    facts: F


class _Shelf(Generic[F]):
    """The objects of one kind, by uid and by ConnectJob."""

    def __init__(self) -> None:
        self.items: dict[str, _Item[F]] = {}
        self._uids: dict[Key, set[str]] = {}

    def put(self, uid: str, item: _Item[F]) -> bool:
        """Whether anything that matters is new."""
        old = self.items.get(uid)
        if old is not None and old.key != item.key:
            self.pop(uid)
        self.items[uid] = item
        self._uids.setdefault(item.key, set()).add(uid)
        return old is None or old.facts != item.facts

    def pop(self, uid: str) -> _Item[F] | None:
        """Take an object out; None if it is not there."""
        item = self.items.pop(uid, None)
        if item:
            self._uids[item.key].discard(uid)
            if not self._uids[item.key]:
                del self._uids[item.key]
        return item

    def of(self, key: Key) -> Iterable[F]:
        """What belongs to a ConnectJob."""
        return [self.items[uid].facts for uid in sorted(self._uids.get(key, ()))]


class Index:
    """Everything that the watch has told. `put`, `drop` and `forget` return the ConnectJobs to look at again."""

    def __init__(self) -> None:
        self._connect_jobs: _Shelf[KnownJob] = _Shelf()
        self._realms: dict[str, dict[str, KnownJob]] = {}
        self._connect_runs: _Shelf[KnownRun] = _Shelf()
        self._cron_jobs: _Shelf[CronJobFacts] = _Shelf()
        self._jobs: _Shelf[JobFacts] = _Shelf()
        self._pods: _Shelf[PodFacts] = _Shelf()
        self._waiting: set[str] = set()
        self._gone: deque[str] = deque(maxlen=REMEMBERED)
        self._unreadable: dict[Kind, dict[str, str]] = {kind: {} for kind in Kind}
        self._shelves: dict[Kind, _Shelf[Any]] = {
            Kind.CONNECT_JOB: self._connect_jobs,
            Kind.CONNECT_RUN: self._connect_runs,
            Kind.CRON_JOB: self._cron_jobs,
            Kind.JOB: self._jobs,
            Kind.POD: self._pods,
        }

    def put(self, kind: Kind, body: Body) -> frozenset[Key]:
        """An object is there, or has changed. Raises ValueError for one that cannot be read."""
        uid, version = identity(body)
        known = self._shelves[kind].items.get(uid)
        if known is not None and known.version == version:
            return frozenset()  # the watch tells what an answer has told before
        try:
            key, facts = READERS[kind](body)
        except ValueError:
            self._unreadable[kind][uid] = version
            raise
        self._unreadable[kind].pop(uid, None)
        if kind is Kind.CONNECT_JOB:
            self._enter_realm(facts)
        is_new = self._shelves[kind].put(uid, _Item(key=key, version=version, facts=facts))
        if kind is Kind.CONNECT_JOB:
            self._forget_gone_pods(key)
        if kind is Kind.JOB:
            (self._waiting.add if _is_waiting(facts) else self._waiting.discard)(uid)
        return self._touched(kind, key, facts) if is_new else frozenset()

    def answered(self, kind: Kind, body: Body, *, upon: str = "") -> None:
        """The answer to a write of our own, upon the object of this version; "" for one that was created.

        What the watch has told meanwhile is as new, or newer: a later version, or that the object is gone again.
        """
        uid, _ = identity(body)
        if uid not in self._gone and self.version(kind, uid) in {upon, ""}:
            self.put(kind, body)

    def drop(self, kind: Kind, body: Body) -> frozenset[Key]:
        """An object was deleted; this is how it was last. Raises ValueError for one that cannot be read."""
        if kind is Kind.POD:
            self.put(kind, body)
        return self.forget(kind, identity(body)[0])

    def forget(self, kind: Kind, uid: str) -> frozenset[Key]:
        """An object is not there any more."""
        self._unreadable[kind].pop(uid, None)
        self._waiting.discard(uid)
        self._gone.append(uid)
        item = self._shelves[kind].pop(uid)
        if item is None:
            return frozenset()
        if kind is Kind.POD:
            self._pods.put(uid, replace(item, facts=replace(item.facts, gone=True)))
        if kind is Kind.CONNECT_JOB:
            self._leave_realm(item.facts.job)
        self._forget_gone_pods(item.key)
        return self._touched(kind, item.key, item.facts)

    def version(self, kind: Kind, uid: str) -> str:
        """The resource version that an object was last told to have; "" if it is not there."""
        item = self._shelves[kind].items.get(uid)
        return self._unreadable[kind].get(uid, item.version if item else "")

    def versions(self, kind: Kind) -> dict[str, str]:
        """The resource version of each object that should be on the API server, by uid.

        With those that were told but cannot be read: nobody has missed them.
        """
        read = {
            uid: item.version
            for uid, item in self._shelves[kind].items.items()
            if not (kind is Kind.POD and item.facts.gone)
        }
        return read | self._unreadable[kind]

    def connect_job(self, key: Key) -> KnownJob | None:
        """The ConnectJob of this name; the younger, while an older one's end has not been told."""
        return max(self._connect_jobs.of(key), key=lambda known: known.job.created, default=None)

    def connect_jobs(self) -> Iterable[KnownJob]:
        """All of them."""
        return [item.facts for item in self._connect_jobs.items.values()]

    def connect_runs(self) -> Iterable[KnownRun]:
        """All of them."""
        return [item.facts for item in self._connect_runs.items.values()]

    def connect_run(self, uid: str) -> KnownRun | None:
        """The ConnectRun of this uid."""
        item = self._connect_runs.items.get(uid)
        return item.facts if item else None

    def requests(self, key: Key) -> tuple[Request, ...]:
        """The ConnectRuns that name this ConnectJob."""
        return tuple(known.request for known in self._connect_runs.of(key))

    def cron_job(self, key: Key) -> CronJobFacts | None:
        """The CronJob that bears our label and the name of this ConnectJob's."""
        return max(self._cron_jobs.of(key), key=lambda facts: facts.created, default=None)

    def knows(self, job: JobFacts) -> bool:
        """Whether a run is still as it was when this was observed."""
        item = self._jobs.items.get(job.uid)
        return item is not None and item.facts == job

    def jobs(self, key: Key) -> tuple[JobFacts, ...]:
        """The runs of a ConnectJob."""
        return tuple(self._jobs.of(key))

    @property
    def waits(self) -> bool:
        """Whether a Job waits for the operator to let it start."""
        return bool(self._waiting)

    def open_jobs(self) -> list[tuple[Key, JobFacts]]:
        """Every run that has not ended, with its ConnectJob."""
        return [(item.key, item.facts) for item in self._jobs.items.values() if item.facts.end is None]

    def pods(self, key: Key) -> tuple[PodFacts, ...]:
        """The pods of a ConnectJob's runs, those that are gone too."""
        return tuple(self._pods.of(key))

    def claims(self, realm: str) -> list[RealmClaim]:
        """Every ConnectJob that wants a realm."""
        return [known.claim for known in self._realms.get(realm, {}).values() if not known.job.deleting]

    def keys_of(self, realm: str) -> frozenset[Key]:
        """The ConnectJobs that want a realm."""
        return frozenset(
            Key(namespace=known.job.namespace, name=known.job.name) for known in self._realms.get(realm, {}).values()
        )

    def _touched(self, kind: Kind, key: Key, facts: Any) -> frozenset[Key]:
        """The ConnectJob itself, and whoever wants the same realm."""
        return self.keys_of(facts.job.realm) | {key} if kind is Kind.CONNECT_JOB else frozenset({key})

    def _enter_realm(self, known: KnownJob) -> None:
        before = self._connect_jobs.items.get(known.job.uid)
        if before is not None and before.facts.job.realm != known.job.realm:
            self._leave_realm(before.facts.job)
        self._realms.setdefault(known.job.realm, {})[known.job.uid] = known

    def _leave_realm(self, job: ConnectJob) -> None:
        claimants = self._realms[job.realm]
        del claimants[job.uid]
        if not claimants:
            del self._realms[job.realm]

    def _forget_gone_pods(self, key: Key) -> None:
        """Pods that are gone and whose run has been recorded, or will never be."""
        known = self.connect_job(key)
        active = {known.status.active.uid} if known and known.status.active else set()
        for pod in self._pods.of(key):
            if pod.gone and pod.job_uid not in self._jobs.items and pod.job_uid not in active:
                self._pods.pop(pod.uid)


def _is_waiting(job: JobFacts) -> bool:
    return job.suspended and job.end is None and job.gatekeeper is Gatekeeper.OPERATOR
