"""Another image: who has it with the next run, who goes on with the old one, who is held back."""

from dataclasses import replace

from connect_operator.core.reconcile import reconcile
from connect_operator.core.status import Status
from tests.support.connect_jobs import DEFAULTS, MUSTERWIL, job, observed
from tests.support.last_night import POLICY, of, seen

OLD = "connect-worker:0.9"


def status_of(pinned: str = "", running: str = "") -> Status:
    """The status of a ConnectJob with an image of its own, or a run under way on one."""
    connect_job = replace(MUSTERWIL, image=pinned)
    jobs = (job(image=running),) if running else ()
    status = reconcile(observed(connect_job, jobs=jobs)).status
    assert status is not None
    return status


def test_a_run_under_way_on_the_release_before_lags() -> None:
    status = status_of(running=OLD)
    assert (status.image, status.summary.lags) == (DEFAULTS.image, "RunUnderWay")
    assert status.active is not None
    assert status.active.image == OLD


def test_a_customer_with_an_image_of_his_own_is_told_as_pinned() -> None:
    assert status_of(pinned=OLD).summary.lags == "Pinned"
    assert status_of(pinned=OLD, running=DEFAULTS.image).summary.lags == "Pinned"


def test_nobody_else_lags() -> None:
    assert status_of().summary.lags == ""
    assert status_of(running=DEFAULTS.image).summary.lags == ""
    assert status_of(pinned=DEFAULTS.image).summary.lags == ""


def test_the_last_run_keeps_the_image_that_it_ran() -> None:
    assert of(seen(job(image=OLD, end=POLICY))).image == OLD
