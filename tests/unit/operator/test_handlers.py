"""kopf only notices."""

import kopf

from connect_operator.handlers import kopf_selector, kopf_settings, register
from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.notice import Notice


def registry() -> kopf.OperatorRegistry:
    """What the operator registers, with parts that are never called here."""
    nobody: object = None
    notice = Notice(index=Index(), queue=nobody, picture=nobody, recheck=nobody, metrics=nobody)  # type: ignore[arg-type]
    return register(notice, stop=nobody)  # type: ignore[arg-type]


def test_there_is_no_handler_for_which_kopf_would_set_a_finalizer() -> None:
    registered = registry()
    assert not registered._changing.get_all_handlers()
    assert not registered._spawning.get_all_handlers()


def test_there_is_no_index_for_which_kopf_would_let_each_object_wait_for_all_others() -> None:
    assert not registry()._indexing.get_all_handlers()


def test_a_first_list_comes_in_pages() -> None:
    assert kopf_settings().watching.chunk_size == 100


def test_the_watch_of_everything_but_connect_jobs_is_limited_by_label() -> None:
    selectors = kopf_settings().watching.label_selectors
    assert kopf_selector(Kind.CONNECT_JOB) not in selectors
    for kind in (Kind.CRON_JOB, Kind.JOB, Kind.POD):
        assert selectors[kopf_selector(kind)] == "app.kubernetes.io/managed-by=connect-operator"


def test_kopf_posts_nothing_scans_nothing_and_agrees_with_nobody() -> None:
    settings = kopf_settings()
    assert not settings.posting.enabled
    assert settings.scanning.disabled
    assert settings.peering.standalone
