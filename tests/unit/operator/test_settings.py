"""What the operator reads from its environment."""

from datetime import timedelta

import pytest

from connect_operator.errors import SettingsError
from connect_operator.settings import Settings, load_settings


def test_an_image_is_enough() -> None:
    assert load_settings({"CONNECT_WORKER_IMAGE": "connect-worker:1"}) == Settings(worker_image="connect-worker:1")


def test_everything_can_be_said() -> None:
    assert load_settings(
        {
            "CONNECT_WORKER_IMAGE": "connect-worker:1",
            "CONNECT_TIME_ZONE": "Europe/Vienna",
            "CONNECT_NAMESPACE": "connect",
            "CONNECT_IMAGE_PULL_SECRETS": "one, two,",
            "CONNECT_RELAY_ADMIN_URL": "http://connect-relay:8080/",
            "CONNECT_RELAY_NAMES": "connect-relay.connect, relay.example.org",
            "CONNECT_LOG_LEVEL": "debug",
            "CONNECT_METRICS_PORT": "9000",
            "CONNECT_HEALTH_PORT": "9001",
            "CONNECT_UNWATCHED_INTERVAL": "0.5",
            "CONNECT_RELAY_INTERVAL": "2",
            "CONNECT_RECHECK_INTERVAL": "3",
            "CONNECT_START_PATIENCE": "4",
        }
    ) == Settings(
        worker_image="connect-worker:1",
        time_zone="Europe/Vienna",
        namespace="connect",
        image_pull_secrets=("one", "two"),
        relay_admin_url="http://connect-relay:8080",
        relay_names=("connect-relay.connect", "relay.example.org"),
        log_level="debug",
        metrics_port=9000,
        health_port=9001,
        unwatched_interval=timedelta(seconds=0.5),
        relay_interval=timedelta(seconds=2),
        recheck_interval=timedelta(seconds=3),
        start_patience=timedelta(seconds=4),
    )


def test_an_empty_variable_counts_as_not_set() -> None:
    environ = {"CONNECT_WORKER_IMAGE": "w", "CONNECT_NAMESPACE": "", "CONNECT_RELAY_ADMIN_URL": ""}
    assert load_settings(environ) == Settings(worker_image="w")


@pytest.mark.parametrize("name", ["Factory", "localtime", "posix/Europe/Zurich"])
def test_a_time_zone_is_one_that_a_connectjob_may_name(name: str) -> None:
    """The machine's own zone files have more of them."""
    with pytest.raises(SettingsError, match="is no IANA time zone"):
        load_settings({"CONNECT_WORKER_IMAGE": "w", "CONNECT_TIME_ZONE": name})


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(
            {
                "CONNECT_TIME_ZONE": "Europe/Nowhere",
                "CONNECT_RELAY_ADMIN_URL": "connect-relay:8080",
                "CONNECT_LOG_LEVEL": "loud",
                "CONNECT_METRICS_PORT": "80800",
                "CONNECT_RECHECK_INTERVAL": "0",
            }
        )
    assert caught.value.faults == (
        "CONNECT_WORKER_IMAGE is not set",
        "CONNECT_TIME_ZONE: 'Europe/Nowhere' is no IANA time zone",
        "CONNECT_RELAY_ADMIN_URL: 'connect-relay:8080' is no http:// or https:// address",
        "CONNECT_LOG_LEVEL: 'loud' is none of debug, info, warning, error",
        "CONNECT_METRICS_PORT: '80800' is no port from 1 to 65535",
        "CONNECT_RECHECK_INTERVAL: '0' is no number of seconds, above 0 and at most a day",
    )
