"""What the watch has told, found by ConnectJob."""

import pickle
from typing import Any

import pytest

from connect_operator.index import Index
from connect_operator.kind import Kind
from connect_operator.known import Key
from tests.support.kubernetes_objects import (
    NAMESPACE,
    connect_job_body,
    cron_job_body,
    ended,
    job_body,
    pod_body,
)

MUSTERWIL = Key(namespace=NAMESPACE, name="musterwil")
OTHERWIL = Key(namespace=NAMESPACE, name="otherwil")
ACTIVE = {
    "name": "run",
    "uid": "run-1",
    "trigger": "Scheduled",
    "mode": "Sync",
    "startTime": "2026-11-22T03:00:00Z",
}


@pytest.fixture
def index() -> Index:
    """Musterwil with its CronJob, a run and the run's pod."""
    index = Index()
    index.put(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1"))
    index.put(Kind.CRON_JOB, cron_job_body("musterwil", "cron-1"))
    index.put(Kind.JOB, job_body("run", "run-1", connect_job="musterwil"))
    index.put(Kind.POD, pod("1"))
    return index


def pod(version: str, **status: Any) -> dict[str, Any]:
    return pod_body("run-x", "pod-1", connect_job="musterwil", job_uid="run-1", version=version, **status)


def reports(index: Index) -> list[str]:
    """The reports of pods that are gone."""
    return [pod.terminated.message for pod in index.pods(MUSTERWIL) if pod.gone and pod.terminated]


def test_everything_is_found_by_its_connect_job(index: Index) -> None:
    known, cron_job = index.connect_job(MUSTERWIL), index.cron_job(MUSTERWIL)
    assert known is not None
    assert cron_job is not None
    assert (known.job.uid, cron_job.uid) == ("job-1", "cron-1")
    assert [job.uid for job in index.jobs(MUSTERWIL)] == ["run-1"]
    assert [pod.uid for pod in index.pods(MUSTERWIL)] == ["pod-1"]


def test_of_a_connect_job_that_nobody_told_of_nothing_is_known(index: Index) -> None:
    assert index.connect_job(OTHERWIL) is None
    assert index.cron_job(OTHERWIL) is None
    assert (index.jobs(OTHERWIL), index.pods(OTHERWIL)) == ((), ())


def test_news_concerns_its_connect_job(index: Index) -> None:
    assert index.put(Kind.CRON_JOB, cron_job_body("musterwil", "cron-1", version="2")) == {MUSTERWIL}
    assert index.put(Kind.POD, pod("2", phase="Succeeded")) == {MUSTERWIL}
    assert index.drop(Kind.JOB, job_body("run", "run-1", connect_job="musterwil")) == {MUSTERWIL}


def test_what_does_not_matter_is_no_news(index: Index) -> None:
    assert index.put(Kind.POD, pod("2", podIP="10.0.0.7")) == frozenset()
    assert index.put(Kind.CRON_JOB, cron_job_body("musterwil", "cron-1")) == frozenset()


def test_a_connect_job_concerns_everybody_who_wants_its_realm(index: Index) -> None:
    rival = connect_job_body("otherwil", "job-2", realm="musterwil")
    assert index.put(Kind.CONNECT_JOB, rival) == {MUSTERWIL, OTHERWIL}
    assert {claim.uid for claim in index.claims("musterwil")} == {"job-1", "job-2"}
    assert index.drop(Kind.CONNECT_JOB, rival) == {MUSTERWIL, OTHERWIL}
    assert {claim.uid for claim in index.claims("musterwil")} == {"job-1"}


def test_one_that_is_being_deleted_claims_nothing_any_more(index: Index) -> None:
    body = connect_job_body("musterwil", "job-1", version="2")
    body["metadata"]["deletionTimestamp"] = "2026-11-22T03:00:00Z"
    index.put(Kind.CONNECT_JOB, body)
    assert index.claims("musterwil") == []


def test_the_end_of_an_earlier_object_of_the_same_name_takes_nothing_from_its_successor(index: Index) -> None:
    later = "2026-11-22T04:00:00Z"
    index.put(Kind.CRON_JOB, cron_job_body("musterwil", "cron-2", created=later))
    index.drop(Kind.CRON_JOB, cron_job_body("musterwil", "cron-1"))
    found = index.cron_job(MUSTERWIL)
    assert found is not None
    assert found.uid == "cron-2"


def test_the_report_of_a_deleted_pod_stays_as_long_as_its_job_does(index: Index) -> None:
    assert index.drop(Kind.POD, pod("2", **ended("report"))) == {MUSTERWIL}
    assert reports(index) == ["report"]
    index.drop(Kind.JOB, job_body("run", "run-1", connect_job="musterwil"))
    assert index.pods(MUSTERWIL) == ()


def test_the_report_of_a_deleted_pod_stays_until_its_run_is_recorded_though_its_job_is_gone(index: Index) -> None:
    index.put(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1", version="2", activeRun=ACTIVE))
    index.drop(Kind.JOB, job_body("run", "run-1", connect_job="musterwil"))
    index.drop(Kind.POD, pod("2", **ended("report")))
    assert reports(index) == ["report"]
    index.put(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1", version="3"))
    assert index.pods(MUSTERWIL) == ()


def test_of_a_pod_whose_run_nobody_knows_nothing_stays(index: Index) -> None:
    stray = pod_body("stray", "pod-2", connect_job="musterwil", job_uid="run-0")
    index.put(Kind.POD, stray)
    index.drop(Kind.POD, stray)
    assert [pod.uid for pod in index.pods(MUSTERWIL)] == ["pod-1"]


def test_an_answer_to_a_write_is_known_at_once(index: Index) -> None:
    index.answered(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1", version="2"), upon="1")
    index.answered(Kind.JOB, job_body("made", "run-2", connect_job="musterwil", version="3"))
    assert (index.version(Kind.CONNECT_JOB, "job-1"), index.version(Kind.JOB, "run-2")) == ("2", "3")


def test_a_late_answer_does_not_overwrite_what_the_watch_has_told_since(index: Index) -> None:
    """For instance that somebody has locked the customer, while the operator wrote its status."""
    locked = connect_job_body("musterwil", "job-1", version="3")
    locked["spec"]["suspend"] = True
    index.put(Kind.CONNECT_JOB, locked)
    index.answered(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1", version="2"), upon="1")
    known = index.connect_job(MUSTERWIL)
    assert known is not None
    assert (known.job.suspend, known.resource_version) == (True, "3")


def test_a_late_answer_does_not_overwrite_news_that_cannot_be_read(index: Index) -> None:
    broken = connect_job_body("musterwil", "job-1", version="3")
    del broken["spec"]["realm"]
    with pytest.raises(ValueError, match=r"spec\.realm"):
        index.put(Kind.CONNECT_JOB, broken)
    index.answered(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1", version="2"), upon="1")
    assert index.version(Kind.CONNECT_JOB, "job-1") == "3"


def test_a_late_answer_does_not_bring_back_what_is_gone_since(index: Index) -> None:
    index.drop(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1", version="3"))
    index.answered(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1", version="2"), upon="1")
    index.drop(Kind.JOB, job_body("made", "run-2", connect_job="musterwil", version="4"))
    index.answered(Kind.JOB, job_body("made", "run-2", connect_job="musterwil", version="3"))
    assert index.connect_job(MUSTERWIL) is None
    assert [job.uid for job in index.jobs(MUSTERWIL)] == ["run-1"]


def test_a_late_answer_to_a_creation_does_not_overwrite_what_became_of_it(index: Index) -> None:
    index.put(Kind.JOB, job_body("made", "run-2", connect_job="musterwil", version="4"))
    index.answered(Kind.JOB, job_body("made", "run-2", connect_job="musterwil", version="3"))
    assert index.version(Kind.JOB, "run-2") == "4"


def test_what_the_api_server_should_hold_is_told_by_uid_and_version(index: Index) -> None:
    assert index.versions(Kind.POD) == {"pod-1": "1"}
    index.drop(Kind.POD, pod("2"))
    assert index.versions(Kind.POD) == {}
    assert index.versions(Kind.CONNECT_JOB) == {"job-1": "1"}


def test_what_is_forgotten_twice_is_news_once(index: Index) -> None:
    assert index.forget(Kind.CRON_JOB, "cron-1") == {MUSTERWIL}
    assert index.forget(Kind.CRON_JOB, "cron-1") == frozenset()


def test_what_cannot_be_read_changes_nothing(index: Index) -> None:
    body = connect_job_body("musterwil", "job-1", version="2")
    del body["spec"]["realm"]
    with pytest.raises(ValueError, match=r"spec\.realm"):
        index.put(Kind.CONNECT_JOB, body)
    known = index.connect_job(MUSTERWIL)
    assert known is not None
    assert known.resource_version == "1"


def test_what_cannot_be_read_has_been_told_all_the_same(index: Index) -> None:
    bare = pod_body("bare", "pod-2", connect_job="musterwil", job_uid="run-1", version="7")
    del bare["metadata"]["labels"]["schoolconnect.io/connectjob"]
    with pytest.raises(ValueError, match="labels"):
        index.put(Kind.POD, bare)
    assert index.versions(Kind.POD) == {"pod-1": "1", "pod-2": "7"}
    index.forget(Kind.POD, "pod-2")
    assert index.versions(Kind.POD) == {"pod-1": "1"}


def test_what_can_be_read_again_is_read(index: Index) -> None:
    broken = pod("2")
    del broken["metadata"]["labels"]["schoolconnect.io/connectjob"]
    with pytest.raises(ValueError, match="labels"):
        index.put(Kind.POD, broken)
    index.put(Kind.POD, pod("3"))
    assert index.versions(Kind.POD) == {"pod-1": "3"}


def test_a_cronjob_with_another_name_than_ours_is_nobodys(index: Index) -> None:
    copy = cron_job_body("musterwil", "cron-2", created="2026-11-22T04:00:00Z")
    copy["metadata"]["name"] = "musterwil"
    with pytest.raises(ValueError, match="connect-"):
        index.put(Kind.CRON_JOB, copy)
    found = index.cron_job(MUSTERWIL)
    assert found is not None
    assert found.uid == "cron-1"


def test_what_gets_another_label_goes_over_to_the_other(index: Index) -> None:
    index.put(Kind.JOB, job_body("run", "run-1", connect_job="otherwil", version="2"))
    assert [job.uid for job in index.jobs(OTHERWIL)] == ["run-1"]
    index.drop(Kind.JOB, job_body("run", "run-1", connect_job="otherwil", version="3"))
    assert (index.jobs(MUSTERWIL), index.jobs(OTHERWIL)) == ((), ())


def test_of_a_pod_without_a_job_nothing_stays(index: Index) -> None:
    bare = pod_body("bare", "pod-2", connect_job="musterwil", job_uid="run-1")
    del bare["metadata"]["ownerReferences"]
    index.put(Kind.POD, bare)
    index.drop(Kind.POD, bare)
    assert [pod.uid for pod in index.pods(MUSTERWIL)] == ["pod-1"]


def test_a_status_is_told_from_another_by_its_digest() -> None:
    index = Index()
    digests = []
    for version, phase in enumerate(("Idle", "Running", "Idle")):
        index.put(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1", version=str(version), phase=phase))
        known = index.connect_job(MUSTERWIL)
        assert known is not None
        digests.append(known.status_digest)
    assert digests[0] == digests[2] != digests[1]


def test_who_wants_a_realm_is_told_of_everybody_else_who_does(index: Index) -> None:
    assert index.put(Kind.CONNECT_JOB, connect_job_body("otherwil", "job-2", realm="musterwil")) == {
        MUSTERWIL,
        OTHERWIL,
    }
    assert {claim.uid for claim in index.claims("musterwil")} == {"job-1", "job-2"}
    assert index.forget(Kind.CONNECT_JOB, "job-1") == {MUSTERWIL, OTHERWIL}
    assert {claim.uid for claim in index.claims("musterwil")} == {"job-2"}
    assert index.claims("otherwil") == []


def test_a_realm_that_is_another_one_now_is_wanted_no_more(index: Index) -> None:
    """As a definition without the rule of immutability would let it."""
    index.put(Kind.CONNECT_JOB, connect_job_body("musterwil", "job-1", version="2", realm="otherwil"))
    assert (index.claims("musterwil"), len(index.claims("otherwil"))) == ([], 1)
    index.forget(Kind.CONNECT_JOB, "job-1")
    assert index.claims("otherwil") == []


def test_what_an_object_says_beyond_the_facts_takes_no_memory(index: Index) -> None:
    """However large templates, annotations and lists of managed fields are."""
    ballast = {"template": {"spec": {"containers": [{"args": ["x" * 100_000]}]}}}
    noted = {"annotations": {"note": "x" * 100_000}, "managedFields": [{"manager": "kubectl", "fieldsV1": ballast}] * 9}
    cron_job = cron_job_body("musterwil", "cron-1", version="2")
    job = job_body("run", "run-1", connect_job="musterwil", version="2")
    for kind, body in ((Kind.CRON_JOB, cron_job), (Kind.JOB, job), (Kind.POD, pod("2"))):
        index.put(kind, {**body, "metadata": body["metadata"] | noted, "spec": body.get("spec", {}) | ballast})
    facts = (index.cron_job(MUSTERWIL), *index.jobs(MUSTERWIL), *index.pods(MUSTERWIL))
    assert len(facts) == 3
    assert all(len(pickle.dumps(each)) < 2000 for each in facts)
