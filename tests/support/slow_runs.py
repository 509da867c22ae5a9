"""What takes a minute or more to end badly, or to heal: all is begun first, and looked at last."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.support.cluster_customer import ClusterCustomer
from tests.support.processes import signal_container

TIMEOUT = "1m"


@dataclass(frozen=True, kw_only=True, slots=True)
class SlowRun:
    """A run under way."""

    customer: ClusterCustomer
    job: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lacking:
    """What was told while a Secret was missing."""

    message: str
    table: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SlowRuns:
    """`late` waits for a lock beyond its timeout; `hung` is stopped dead, hears nothing; `cut_off` lost its bridge.

    Closing `lock` lets go of the one that `late` waits for.
    `unfinished` was `lacking` a Secret, which is there now. `punctual` runs by its schedule, every minute.
    """

    late: SlowRun
    hung: SlowRun
    cut_off: SlowRun
    lock: ExitStack
    unfinished: ClusterCustomer
    lacking: Lacking
    punctual: ClusterCustomer


@contextmanager
def slow_runs(
    *,
    late: ClusterCustomer,
    hung: ClusterCustomer,
    cut_off: ClusterCustomer,
    unfinished: ClusterCustomer,
    punctual: ClusterCustomer,
) -> Iterator[SlowRuns]:
    """Begin them all."""
    with ExitStack() as standing:
        for customer in (late, hung, cut_off, punctual):
            customer.apply_secrets()
        cut_off.apply()
        with cut_off.bridge():
            cut_off.wait_for_condition("Ready", "True", "Reconciled")
        punctual.apply(schedule="* * * * *", mode="Validate")
        standing.enter_context(punctual.bridge())
        for customer in (late, hung):
            customer.apply(timeout=TIMEOUT)
            standing.enter_context(customer.bridge())
        for customer in (late, hung):
            customer.wait_for_condition("Ready", "True", "Reconciled")
        standing.enter_context(hung.held_lock())
        lock = standing.enter_context(ExitStack())
        lock.enter_context(late.held_lock())
        yield SlowRuns(
            late=_started(late),
            hung=_stopped_dead(hung),
            cut_off=_started(cut_off),
            lock=lock,
            unfinished=unfinished,
            lacking=_lacking(unfinished),
            punctual=punctual,
        )


def _lacking(customer: ClusterCustomer) -> Lacking:
    customer.apply_secrets("customer", "database", "directory")
    customer.apply()
    message = customer.wait_for_condition("Ready", "False", "SecretMissing")
    table = customer.table()
    customer.apply_secrets("relay")
    return Lacking(message=message, table=table)


def _started(customer: ClusterCustomer) -> SlowRun:
    return SlowRun(customer=customer, job=customer.start_run())


def _stopped_dead(customer: ClusterCustomer) -> SlowRun:
    run = _started(customer)
    pod = customer.running_pod(run.job)
    customer.wait_for_lock()
    signal_container(pod["metadata"]["uid"], "connect-worker", signal.SIGSTOP)
    return run
