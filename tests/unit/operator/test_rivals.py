"""A CronJob that another controller changes each time that it is put back: nobody writes without end."""

from dataclasses import replace
from datetime import timedelta

from connect_operator.core.decision import Create, Replace, Suspend
from connect_operator.core.reconcile import reconcile
from connect_operator.rivals import AT_ONCE, WITHIN, Rivals
from tests.support.connect_jobs import NOW, SUSPENDED, applied, as_left, lacking, settled

SECOND = timedelta(seconds=1)
LATER = NOW + WITHIN


def test_what_is_changed_again_and_again_is_put_back_a_few_times_at_once_and_then_later() -> None:
    rivals, moment = Rivals[str](), NOW
    for _ in range(AT_ONCE):
        assert rivals.not_before("musterwil", moment) is None
        rivals.put_back("musterwil", moment)
        moment += SECOND
    assert rivals.not_before("musterwil", moment) == NOW + WITHIN
    assert rivals.not_before("weitwil", moment) is None
    assert rivals.not_before("musterwil", NOW + WITHIN) is None
    rivals.put_back("musterwil", NOW + WITHIN)
    assert rivals.not_before("musterwil", NOW + WITHIN) == NOW + SECOND + WITHIN
    rivals.forget("musterwil")
    assert rivals.not_before("musterwil", moment) is None


def test_what_is_not_put_back_yet_is_neither_told_nor_taken_for_ours() -> None:
    changed = as_left(settled(not_put_back_before=LATER), suspended=True)
    held = reconcile(changed)
    assert (held.action, held.events, held.look_again) == (None, (), LATER)
    again = reconcile(replace(applied(changed, held), not_put_back_before=None))
    assert isinstance(again.action, Replace)
    assert again.puts_back


def test_one_that_is_deleted_again_and_again_is_made_later() -> None:
    assert isinstance(reconcile(settled(cron_job=None)).action, Create)
    assert reconcile(settled(cron_job=None, not_put_back_before=LATER)).action is None


def test_what_the_connect_job_asks_for_anew_waits_for_no_rival() -> None:
    """Least of all that its runs stop."""
    changed = as_left(settled(not_put_back_before=LATER), suspended=False)
    assert isinstance(reconcile(replace(changed, job=SUSPENDED)).action, Replace)
    assert isinstance(reconcile(replace(changed, secrets=lacking(missing=True))).action, Suspend)
