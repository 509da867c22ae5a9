"""A reconciler of ConnectJobs without a relay, at one moment that does not pass."""

from datetime import UTC, datetime, timedelta

from connect_operator.announcer import Announcer
from connect_operator.cluster import Cluster
from connect_operator.core.facts import Defaults
from connect_operator.index import Index
from connect_operator.reconciler import Reconciler
from connect_operator.secrets_watch import SecretsWatch

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)


def reconciler(cluster: Cluster, index: Index, now: datetime = NOW) -> Reconciler:
    """Of an operator that has just started: looks at ConnectJobs in `index`, and writes to `cluster`."""
    return Reconciler(
        cluster=cluster,
        index=index,
        secrets=SecretsWatch(cluster, interval=timedelta(minutes=1)),
        relay=None,
        announcer=Announcer(cluster, instance="", clock=lambda: now),
        defaults=Defaults(image="connect-worker:1.0", time_zone="Europe/Zurich"),
        unwatched_interval=timedelta(minutes=1),
        clock=lambda: now,
    )
