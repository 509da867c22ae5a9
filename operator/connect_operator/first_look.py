"""The first look at a ConnectJob that is new: its CronJob, before its Secrets are read and anything is told.

Where many come together, every one is to have its schedule before the first is told of. The Secrets may wait as well
where it is long until the first run: the second look reads them, and suspends the CronJob if one is not as it must be.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from connect_operator.core.beginning import begin
from connect_operator.core.facts import Defaults
from connect_operator.core.realm import rival
from connect_operator.core.status import Status, Wanted
from connect_operator.cron_job_writer import CronJobWriter
from connect_operator.errors import ConflictError, ForbiddenError, RefusedError
from connect_operator.index import Index
from connect_operator.known import Key, KnownJob
from connect_operator.secrets_watch import SecretsWatch


class FirstLook:
    """Makes first CronJobs, and keeps in mind what they became, as long as no status notes it."""

    def __init__(
        self,
        *,
        cron_jobs: CronJobWriter,
        index: Index,
        secrets: SecretsWatch,
        defaults: Defaults,
        clock: Callable[[], datetime],
    ) -> None:
        self._cron_jobs = cron_jobs
        self._index = index
        self._secrets = secrets
        self._defaults = defaults
        self._clock = clock
        # With the ConnectJob's uid: what was made for it.
        self._made: dict[Key, tuple[str, Wanted]] = {}

    async def begin(self, key: Key, known: KnownJob) -> bool:
        """Make the CronJob; False if not, and a whole look is due at once. Raises KubernetesError's kinds."""
        if not known.is_new or self._wanted(key, known) is not None or self._index.cron_job(key) is not None:
            return False
        now = self._clock()
        beginning = begin(known.job, self._defaults, now)
        if beginning is None or rival(known.claim, self._index.claims(known.job.realm)) is not None:
            return False
        if beginning.is_pressing and (await self._secrets.view(key, known, now)).findings:
            return False
        try:
            written = await self._cron_jobs.write(key, beginning.create)
        except (ConflictError, ForbiddenError, RefusedError):
            return False
        made = Wanted(uid=written.uid, generation=written.generation, hash=beginning.create.hash)
        self._made[key] = known.job.uid, made
        return True

    def status(self, key: Key, known: KnownJob) -> Status:
        """As it stands, and with what was made since: nobody else has made that."""
        made = self._wanted(key, known) if known.is_new else None
        return known.status if made is None else replace(known.status, wanted=made)

    def forget(self, key: Key) -> None:
        """The ConnectJob has a status, or is gone."""
        self._made.pop(key, None)

    def _wanted(self, key: Key, known: KnownJob) -> Wanted | None:
        uid, made = self._made.get(key, ("", None))
        return made if uid == known.job.uid else None
