"""`connect-operator`: the command."""

import asyncio
import os
import sys
from importlib import metadata

import click
import structlog

from connect_operator.errors import OperatorError, SettingsError, WatchLostError
from connect_operator.log import configure_log
from connect_operator.process import operate
from connect_operator.settings import DEFAULT_LEVEL, load_settings

log = structlog.stdlib.get_logger()

DISTRIBUTION = "connect"
FAULT = 1
CONFIGURATION = 2
ENDING = f"""
\b
Example:
  CONNECT_WORKER_IMAGE=registry.example.org/schools/connect-worker:0.1.0 connect-operator run

\b
Environment:
  CONNECT_WORKER_IMAGE        image of the runs, where a ConnectJob names none; must be set
  CONNECT_TIME_ZONE           time zone of the schedules, where a ConnectJob names none (Europe/Zurich)
  CONNECT_NAMESPACE           the one namespace to serve; all if it is empty
  CONNECT_IMAGE_PULL_SECRETS  names of pull secrets for the runs, separated by commas
  CONNECT_RELAY_ADMIN_URL     the relay's admin endpoint, as http://connect-relay:8080; nobody asks it if it is empty
  CONNECT_LOG_LEVEL           debug, info, warning or error (info)
  CONNECT_METRICS_PORT        port of /metrics (8080)
  CONNECT_HEALTH_PORT         port of /healthz (8081)
  CONNECT_UNWATCHED_INTERVAL  seconds between two looks at a Secret that is not as it must be (60)
  CONNECT_RELAY_INTERVAL      seconds between two questions to the relay (30)
  CONNECT_RECHECK_INTERVAL    seconds between two comparisons of the watch with the API server (300)

\b
Exit codes:
  0  stopped by SIGTERM or SIGINT
  {FAULT}  it could not go on; the log says why
  {CONFIGURATION}  configuration
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}, epilog=ENDING)
@click.version_option(package_name=DISTRIBUTION, prog_name="connect-operator")
def main() -> None:
    """Make a CronJob of every ConnectJob, and tell in its status what became of the runs.

    The operator keeps no state of its own: it may be stopped and started at any time, and runs go on without it. Run
    one of it only. In a pod it uses the service account, elsewhere the kubeconfig (KUBECONFIG).
    """


@main.command(epilog=ENDING)
def run() -> None:
    """Run until stopped."""
    sys.exit(_run())


def _run() -> int:
    configure_log(DEFAULT_LEVEL, sys.stderr)
    try:
        settings = load_settings(os.environ)
        configure_log(settings.log_level, sys.stderr)
        log.info("starting", version=_version(), namespace=settings.namespace or "all", image=settings.worker_image)
        asyncio.run(operate(settings))
    except SettingsError as error:
        return _ended(CONFIGURATION, error)
    except OperatorError as error:
        return _ended(FAULT, error)
    log.info("stopped")
    return 0


def _ended(code: int, error: OperatorError) -> int:
    unexplained = error.__cause__ if isinstance(error, WatchLostError) else None
    log.error("cannot go on", cause=error.what, todo=error.todo, exc_info=unexplained)
    return code


def _version() -> str:
    return metadata.version(DISTRIBUTION)
