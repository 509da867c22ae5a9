"""From ConnectJob to CronJob, on a real API server, with a real controller manager."""

import json

from connect_operator.rivals import AT_ONCE
from tests.e2e.operator.conftest import Site
from tests.support.operator_process import IMAGE, NIGHT, connect_job, secrets


def hand(site: Site, name: str, patch: dict[str, object]) -> None:
    """Somebody changes a CronJob by hand."""
    site.kubectl("patch", "cronjob", name, "--type=merge", "--field-manager=meddler", f"--patch={json.dumps(patch)}")


def test_a_connect_job_becomes_a_cron_job_of_its_own(site: Site) -> None:
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
    cron_job, job = site.get("cronjob", "connect-musterwil"), site.get("connectjob", "musterwil")
    owner = cron_job["metadata"]["ownerReferences"][0]
    assert (owner["uid"], owner["controller"]) == (job["metadata"]["uid"], True)
    assert cron_job["spec"]["schedule"] == job["status"]["resolvedSchedule"]
    assert cron_job["spec"]["timeZone"] == "Europe/Zurich"
    assert cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE
    assert [reason for reason, _ in site.events("musterwil")] == ["Reconciled"]


def test_an_edited_connect_job_makes_another_cron_job_of_it(site: Site) -> None:
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        before = site.get("cronjob", "connect-musterwil")
        site.apply(connect_job("musterwil", schedule=f"5 {NIGHT + 1} * * *", timeZone="Europe/Vienna", timeout="2h"))
        after = site.cluster.wait_until(
            "the CronJob is replaced",
            lambda: site.get("cronjob", "connect-musterwil"),
            lambda seen: seen["spec"]["schedule"] == f"5 {NIGHT + 1} * * *",
        )
        site.wait_until_settled("musterwil")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["timeZone"] == "Europe/Vienna"
    assert "DriftCorrected" not in [reason for reason, _ in site.events("musterwil")]


def test_what_somebody_changes_on_the_cron_job_is_put_back_and_told_with_his_name(site: Site) -> None:
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        spec = site.get("cronjob", "connect-musterwil")["spec"]
        hand(site, "connect-musterwil", {"spec": {"suspend": True, "concurrencyPolicy": "Allow"}})
        site.cluster.wait_until(
            "the CronJob is as it was",
            lambda: site.get("cronjob", "connect-musterwil")["spec"],
            lambda now: now == spec,
        )
        site.wait_until_settled("musterwil")
    told = [note for reason, note in site.events("musterwil") if reason == "DriftCorrected"]
    assert len(told) == 1
    assert "meddler" in told[0]


def test_a_controller_that_changes_it_again_each_time_is_not_answered_without_end(site: Site) -> None:
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        for _ in range(AT_ONCE):
            hand(site, "connect-musterwil", {"spec": {"suspend": True}})
            site.cluster.wait_until(
                "it is put back",
                lambda: site.get("cronjob", "connect-musterwil")["spec"]["suspend"],
                lambda now: not now,
            )
        hand(site, "connect-musterwil", {"spec": {"suspend": True}})
        site.kubectl("patch", "connectjob", "musterwil", "--type=merge", '--patch={"metadata": {"labels": {"a": "b"}}}')
        site.apply_with_secrets(connect_job("weitwil"))
        site.wait_until_settled("weitwil")
        assert site.get("cronjob", "connect-musterwil")["spec"]["suspend"]
        site.kubectl("patch", "connectjob", "musterwil", "--type=merge", '--patch={"spec": {"timeout": "2h"}}')
        site.cluster.wait_until(
            "it is what is asked for",
            lambda: site.get("cronjob", "connect-musterwil")["spec"]["suspend"],
            lambda now: not now,
        )
    assert [reason for reason, _ in site.events("musterwil")].count("DriftCorrected") == AT_ONCE


def test_what_somebody_adds_to_the_cron_job_is_taken_away_again(site: Site) -> None:
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        spec = site.get("cronjob", "connect-musterwil")["spec"]
        pod = {"nodeSelector": {"disk": "fast"}, "hostNetwork": False, "dnsPolicy": "Default"}
        hand(site, "connect-musterwil", {"spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}})
        site.cluster.wait_until(
            "the CronJob is as it was",
            lambda: site.get("cronjob", "connect-musterwil")["spec"],
            lambda now: now == spec,
        )


def test_labels_that_somebody_takes_from_the_cron_job_come_back(site: Site) -> None:
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        labels = site.get("cronjob", "connect-musterwil")["metadata"]["labels"]
        site.kubectl("label", "cronjob", "connect-musterwil", "app.kubernetes.io/managed-by-")
        site.kubectl("annotate", "connectjob", "musterwil", "touched=yes")
        site.cluster.wait_until(
            "the labels are back",
            lambda: site.get("cronjob", "connect-musterwil")["metadata"].get("labels"),
            lambda now: now == labels,
        )


def test_a_deleted_cron_job_is_made_anew(site: Site) -> None:
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        before = site.get("cronjob", "connect-musterwil")["metadata"]["uid"]
        site.kubectl("delete", "cronjob", "connect-musterwil")
        site.cluster.wait_until(
            "the CronJob is there again",
            lambda: site.get("cronjob", "connect-musterwil")["metadata"]["uid"],
            lambda now: now != before,
        )
        site.wait_until_settled("musterwil")
    assert [reason for reason, _ in site.events("musterwil")].count("DriftCorrected") == 1


def test_somebody_elses_cron_job_of_the_name_is_not_touched_and_makes_room_when_it_goes(site: Site) -> None:
    container = "--image=registry.test/other:1"
    site.kubectl("create", "cronjob", "connect-musterwil", container, f"--schedule=1 {NIGHT} * * *")
    foreign = site.get("cronjob", "connect-musterwil")
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_for_ready("musterwil", "False", "NameTaken")
        assert site.get("cronjob", "connect-musterwil")["metadata"] == foreign["metadata"]
        site.kubectl("delete", "cronjob", "connect-musterwil")
        site.wait_until_settled("musterwil")


def test_a_missing_secret_is_told_and_heals_by_itself(site: Site) -> None:
    with site.operator():
        site.apply(connect_job("musterwil"))
        site.wait_for_ready("musterwil", "False", "SecretMissing")
        assert all(cron_job["spec"]["suspend"] for cron_job in site.objects("cronjobs"))
        customer, database = secrets("musterwil")
        half = {name: value for name, value in database["stringData"].items() if name != "password"}
        site.apply(customer, database | {"stringData": half})
        site.wait_for_ready("musterwil", "False", "SecretKeyMissing")
        site.apply(database)
        site.wait_until_settled("musterwil")


def test_a_secret_of_another_realm_is_refused_without_showing_what_it_holds(site: Site) -> None:
    customer, database = secrets("musterwil")
    customer["stringData"] |= {"realm": "otherwil", "encryptionKey": "kept.to.itself"}
    with site.operator(CONNECT_LOG_LEVEL="debug") as operator:
        site.apply(customer, database, connect_job("musterwil"))
        site.wait_for_ready("musterwil", "False", "RealmMismatch")
    assert "kept.to.itself" not in operator.log_file.read_text()
    assert "kept.to.itself" not in json.dumps([site.get("connectjob", "musterwil"), site.events("musterwil")])


def test_a_realm_belongs_to_the_older_connect_job_and_passes_on_when_that_goes(site: Site) -> None:
    with site.operator():
        site.apply(*secrets("first", realm="musterwil"), connect_job("first", realm="musterwil"))
        site.wait_until_settled("first")
        site.wait_until_older("first")
        site.apply(*secrets("second", realm="musterwil"), connect_job("second", realm="musterwil"))
        site.wait_for_ready("second", "False", "RealmTaken")
        site.kubectl("delete", "connectjob", "first")
        site.wait_until_settled("second")


def test_a_template_that_the_api_server_refuses_is_told_in_its_words_and_heals_when_it_is_mended(site: Site) -> None:
    refused = connect_job("musterwil", resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}})
    with site.operator():
        site.apply_with_secrets(refused)
        site.wait_for_ready("musterwil", "False", "TemplateRefused")
        conditions = site.get("connectjob", "musterwil")["status"]["conditions"]
        assert (
            "must be less than or equal to cpu limit" in next(c for c in conditions if c["type"] == "Ready")["message"]
        )
        site.apply(connect_job("musterwil", resources={"limits": {"cpu": "1"}}))
        site.wait_until_settled("musterwil")


def test_a_deleted_connect_job_takes_its_cron_job_along_and_nothing_comes_back(site: Site) -> None:
    with site.operator() as operator:
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        assert any('connectjob="musterwil"' in series for series in operator.metrics())
        site.kubectl("delete", "connectjob", "musterwil")
        site.cluster.wait_until("the CronJob is gone", lambda: site.names("cronjobs"), lambda names: not names)
        site.apply_with_secrets(connect_job("later"))
        site.wait_until_settled("later")
        assert site.names("cronjobs") == {"connect-later"}
        assert not any('connectjob="musterwil"' in series for series in operator.metrics())


def test_a_connect_job_can_be_deleted_while_the_operator_is_down(site: Site) -> None:
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
    site.kubectl("delete", "connectjob", "musterwil", "--timeout=20s")
    site.cluster.wait_until("the CronJob is gone", lambda: site.names("cronjobs"), lambda names: not names)


def test_a_cron_job_that_was_left_behind_on_purpose_is_suspended_and_reported(site: Site) -> None:
    """In the log, by one event of its own, and to whoever applies a ConnectJob of that name; then the orphan goes."""
    with site.operator() as operator:
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        site.kubectl("delete", "connectjob", "musterwil", "--cascade=orphan")
        site.cluster.wait_until(
            "the orphan is suspended", lambda: site.get("cronjob", "connect-musterwil")["spec"]["suspend"]
        )
        assert operator.logged("suspended a CronJob whose ConnectJob is gone or going")
        assert_left_behind_was_told_once(site, "connect-musterwil")
        site.apply(connect_job("musterwil"))
        site.wait_for_ready("musterwil", "False", "NameTaken")
        assert any("was left behind" in note for reason, note in site.events("musterwil") if reason == "NameTaken")
        assert_left_behind_was_told_once(site, "connect-musterwil")
        site.kubectl("delete", "cronjob", "connect-musterwil")
        site.wait_until_settled("musterwil")


def assert_left_behind_was_told_once(site: Site, cron_job: str) -> None:
    events = site.events(cron_job, kind="CronJob")
    (note,) = (note for reason, note in events if reason == "LeftBehind")
    assert f"kubectl delete cronjob {cron_job}" in note
    assert "LeftBehind" in site.kubectl("describe", "cronjob", cron_job)


def test_schedules_that_only_the_operator_can_judge_are_told_and_heal(site: Site) -> None:
    """A clock change is news, but no fault; what never comes, and what nobody knows, is one."""
    with site.operator():
        name = site.apply_with_secrets(connect_job("musterwil", schedule="30 2 * * *"))
        site.wait_until_settled(name)
        assert site.condition(name, "ScheduleValid") == ("True", "SkippedOrTwiceAtClockChange")
        for spec, reason in (
            ({"schedule": "0 3 30 2 *"}, "ScheduleInvalid"),
            ({"schedule": "0 3 * * 7"}, "ScheduleInvalid"),
            ({"timeZone": "Europe/Nowhere"}, "TimeZoneUnknown"),
        ):
            site.apply(connect_job("musterwil", **spec))
            site.wait_for_ready(name, "False", reason)
            assert site.condition(name, "ScheduleValid") == ("False", reason)
            assert site.get("cronjob", f"connect-{name}")["spec"]["suspend"] is True
        site.apply(connect_job("musterwil"))
        site.wait_until_settled(name)
        assert site.condition(name, "ScheduleValid") == ("True", "Valid")
        assert site.get("cronjob", f"connect-{name}")["spec"]["suspend"] is False
    told = [reason for reason, _ in site.events(name)]
    assert (told.count("SkippedOrTwiceAtClockChange"), told.count("DriftCorrected")) == (1, 0)
