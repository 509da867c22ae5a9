"""One look at one ConnectJob: observe, decide, write. The decision is `reconcile`, which is pure.

What is written, in this order, and what a crash in between costs:

1. the CronJob. After a crash the next look finds it as it is, and adopts it; only the event that would have told of
   the change may be lost.
2. the Job of the ConnectRun whose turn it is, and the statuses of ConnectRuns (`run_writer`).
3. the events. Their names come from the status that the look began with, so that a look that is repeated, because of
   a crash or a conflict, posts none twice.
4. the status, whole, in the place of the very one that was looked at. It is what ends a transition: as long as it is
   not written, the next look decides the same again.

A ConnectJob that is new gets its CronJob at once, and all else with a second look, when no more are made
(`first_look`).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from connect_operator.announcer import Announcer
from connect_operator.cluster import Cluster
from connect_operator.core import status_document
from connect_operator.core.decision import Action, Create, Decision, Observed, Replace, Suspend
from connect_operator.core.drift import left_behind, reported
from connect_operator.core.facts import CronJobFacts, Defaults, Refusal, RelayView, RunRefusal, WarningEvent
from connect_operator.core.realm import rival
from connect_operator.core.reconcile import reconcile
from connect_operator.core.run_queue import orphaned
from connect_operator.core.starting import last_pod, wants_warnings
from connect_operator.core.status import Status
from connect_operator.core.trim import cron_job_facts
from connect_operator.cron_job_writer import CronJobWriter
from connect_operator.errors import ConflictError, ForbiddenError, KubernetesError, NotFoundError, RefusedError
from connect_operator.first_look import FirstLook
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key, KnownJob, Subject
from connect_operator.queue import WHEN_CALM
from connect_operator.relay_watch import RelayWatch
from connect_operator.rivals import Rivals
from connect_operator.run_writer import RunWriter
from connect_operator.secrets_watch import SecretsWatch
from connect_operator.warnings_watch import WarningsWatch

log = structlog.stdlib.get_logger()

SHORTEST_PAUSE = timedelta(seconds=1)


class Reconciler:
    """The shell around `reconcile`."""

    def __init__(
        self,
        *,
        cluster: Cluster,
        index: Index,
        secrets: SecretsWatch,
        relay: RelayWatch | None,
        announcer: Announcer,
        defaults: Defaults,
        unwatched_interval: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        """`relay` is None where no relay is asked.

        `unwatched_interval` is the time between two looks at a CronJob that has our name but is not watched.
        """
        self._cluster = cluster
        self._index = index
        self._secrets = secrets
        self._warned = WarningsWatch(cluster)
        self._relay = relay
        self._announcer = announcer
        self._runs = RunWriter(cluster, index, announcer)
        self._cron_jobs = CronJobWriter(cluster, index)
        self._first = FirstLook(cron_jobs=self._cron_jobs, index=index, secrets=secrets, defaults=defaults, clock=clock)
        self._defaults = defaults
        self._unwatched_interval = unwatched_interval
        self._clock = clock
        self._refusals: dict[Key, Refusal] = {}
        self._rivals: Rivals[Key] = Rivals()
        self._taken: set[Key] = set()

    async def look(self, key: Key) -> timedelta | None:
        """Do what is to be done about a ConnectJob; returns after what time to look again. Raises KubernetesError."""
        known = self._index.connect_job(key)
        if known is None or known.job.deleting:
            self._forget(key)
            await self._suspend_left_behind(key, known)
            return await self._tell_orphans(key)
        if await self._first.begin(key, known):
            return WHEN_CALM
        observed = await self._observe(key, known)
        decision = await self._act(key, observed)
        decision = await self._start(key, observed, decision)
        await self._tell(key, known, decision)
        return self._pause(key, decision, observed)

    async def _tell(self, key: Key, known: KnownJob, decision: Decision) -> None:
        """All that is to be told and deleted, each whatever the API server refuses of the others.

        Raises the first of what was refused, so that it is tried again.
        """
        refused: list[KubernetesError] = []
        for step in (
            partial(self._announcer.announce, known.subject, decision.events),
            partial(self._runs.tell, decision.runs.told),
            partial(self._write_status, key, known, decision.status),
            partial(self._runs.leave_out, known.subject, decision.withdrawn),
            partial(self._runs.delete, decision.runs.deleted),
        ):
            try:
                await step()
            except (RefusedError, ForbiddenError) as error:
                refused.append(error)
        if refused:
            raise refused[0]

    async def _suspend_left_behind(self, key: Key, known: KnownJob | None) -> None:
        cron_job = self._index.cron_job(key)
        action = None if cron_job is None else left_behind(cron_job, by=known.job.uid if known else None)
        if cron_job is None or action is None:
            return
        await self._announcer.announce(_as_subject(cron_job), (reported(cron_job),))
        await self._cluster.write(key, action)
        log.warning(
            "suspended a CronJob whose ConnectJob is gone or going", cronjob=cron_job.name, namespace=key.namespace
        )

    async def _tell_orphans(self, key: Key) -> timedelta | None:
        """ConnectRuns whose ConnectJob is not there."""
        now = self._clock()
        decided = orphaned(self._index.requests(key), now)
        await self._runs.tell(decided.told)
        await self._runs.delete(decided.deleted)
        return None if decided.look_again is None else max(decided.look_again - now, SHORTEST_PAUSE)

    def _forget(self, key: Key) -> None:
        self._secrets.forget(key)
        self._rivals.forget(key)
        self._refusals.pop(key, None)
        self._taken.discard(key)
        self._first.forget(key)

    async def _observe(self, key: Key, known: KnownJob) -> Observed:
        now = self._clock()
        return Observed(
            job=known.job,
            status=self._first.status(key, known),
            defaults=self._defaults,
            now=now,
            cron_job=await self._cron_job(key, known),
            jobs=self._index.jobs(key),
            pods=self._index.pods(key),
            warnings=await self._warnings(key, now),
            secrets=await self._secrets.view(key, known, now),
            relay=self._bridge(known),
            rival=rival(known.claim, self._index.claims(known.job.realm)),
            refusal=self._refusals.get(key),
            not_put_back_before=self._rivals.not_before(key, now),
            requests=self._index.requests(key),
        )

    async def _cron_job(self, key: Key, known: KnownJob) -> CronJobFacts | None:
        """The watched one; else whatever has its name, for one without our label never comes by the watch.

        A ConnectJob that is new is supposed to have none: if one has the name, its creation tells.
        """
        watched = self._index.cron_job(key)
        if watched is not None or (known.is_new and key not in self._taken):
            return watched
        found = await self._cluster.find_cron_job(key)
        return None if found is None else cron_job_facts(found)

    async def _warnings(self, key: Key, now: datetime) -> tuple[WarningEvent, ...]:
        """What Kubernetes says of a run that does not start; nothing is asked while all is well."""
        jobs, pods = self._index.jobs(key), self._index.pods(key)
        if not wants_warnings(jobs, pods, now, self._defaults.patience):
            return ()
        uids = [job.uid for job in jobs if job.end is None]
        uids += [pod.uid for pod in (last_pod(uid, pods) for uid in list(uids)) if pod is not None]
        return await self._warned.of(key.namespace, uids, now)

    def _bridge(self, known: KnownJob) -> RelayView | None:
        if self._relay is None or not self._relay.serves(known.job):
            return None
        return self._relay.view(known.job.realm)

    async def _act(self, key: Key, observed: Observed) -> Decision:
        """Decide, and do what is decided to the CronJob; if the API server refuses, decide again knowing that."""
        decision = reconcile(observed)
        if decision.action is None:
            return decision
        try:
            return await self._write(key, decision, decision.action)
        except (RefusedError, ForbiddenError) as error:
            log.warning("the CronJob was refused", connectjob=key.name, namespace=key.namespace, cause=error.what)
            observed = knowing(observed, error, decision.action)
        if observed.refusal is not None:
            self._refusals[key] = observed.refusal
        return await self._act(key, observed)

    async def _write(self, key: Key, decision: Decision, done: Action) -> Decision:
        try:
            facts = await self._cron_jobs.write(key, done)
        except ConflictError:
            if isinstance(done, Create):
                self._taken.add(key)
            raise
        self._taken.discard(key)
        if decision.puts_back:
            self._rivals.put_back(key, self._clock())
        if not isinstance(done, Suspend):
            self._refusals.pop(key, None)
        return decision.after(facts)

    async def _start(self, key: Key, observed: Observed, decision: Decision) -> Decision:
        """Start the ConnectRun whose turn it is; if the API server refuses its Job, decide again knowing that."""
        if (start := decision.runs.start) is None:
            return decision
        try:
            await self._runs.start(key.namespace, start)
        except (RefusedError, ForbiddenError) as error:
            log.warning("a run's Job was refused", connectjob=key.name, namespace=key.namespace, cause=error.what)
            refusal = RunRefusal(uid=start.uid, message=error.what, forbidden=isinstance(error, ForbiddenError))
            runs = reconcile(replace(observed, run_refusal=refusal)).runs
            return replace(decision, runs=runs, look_again=runs.look_again)
        # The index has it already, so that the watch will bring no news of it.
        return replace(decision, look_again=observed.now)

    async def _write_status(self, key: Key, known: KnownJob, status: Status | None) -> None:
        if status is None:
            return
        document = status_document.to_document(status)
        try:
            written = await self._cluster.write_status(Kind.CONNECT_JOB, known.subject, document)
        except NotFoundError:
            return
        self._index.answered(Kind.CONNECT_JOB, written, upon=known.resource_version)
        self._first.forget(key)

    def _pause(self, key: Key, decision: Decision, observed: Observed) -> timedelta | None:
        next_run = (decision.status or observed.status).next_run
        moments = [decision.look_again, self._secrets.next_look(key, next_run)]
        if observed.cron_job is not None and self._index.cron_job(key) is None:
            moments.append(observed.now + self._unwatched_interval)
        known = [moment for moment in moments if moment is not None]
        return max(min(known) - self._clock(), SHORTEST_PAUSE) if known else None


def _as_subject(cron_job: CronJobFacts) -> Subject:
    """A CronJob, as events name it. Until it is written, a second look comes to the same event under the same name."""
    return Subject(
        api_version="batch/v1",
        kind="CronJob",
        namespace=cron_job.namespace,
        name=cron_job.name,
        uid=cron_job.uid,
        resource_version=cron_job.resource_version,
        status_digest=str(cron_job.generation),
    )


def knowing(observed: Observed, error: RefusedError | ForbiddenError, action: Action) -> Observed:
    """What is observed, and that the API server did not let this happen: the next decision is another one."""
    if isinstance(action, Suspend):
        return replace(observed, unsuspended=error.what)
    return replace(observed, refusal=as_refusal(error, action, observed.now))


def as_refusal(error: RefusedError | ForbiddenError, action: Create | Replace, now: datetime) -> Refusal:
    """What the next decision is to know of an action that the API server did not let happen."""
    return Refusal(hash=action.hash, message=error.what, at=now, forbidden=isinstance(error, ForbiddenError))
