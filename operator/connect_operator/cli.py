"""`connect-operator`: the command."""

import argparse
import asyncio
import os
import sys
from importlib import metadata

import structlog

from connect_operator.errors import OperatorError, SettingsError, WatchLostError
from connect_operator.log import configure_log
from connect_operator.process import operate
from connect_operator.settings import DEFAULT_LEVEL, load_settings

log = structlog.stdlib.get_logger()

DISTRIBUTION = "connect"
FAULT = 1
CONFIGURATION = 2
DESCRIPTION = """\
Make a CronJob of every ConnectJob, and tell in its status what became of the runs.

The operator keeps no state of its own: it may be stopped and started at any time, and runs go on without it. Run one
of it only. In a pod it uses the service account, elsewhere the kubeconfig (KUBECONFIG).
"""
ENVIRONMENT = """\
environment:
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

exit codes:
  0  stopped by SIGTERM or SIGINT
  1  it could not go on; the log says why
  2  configuration
"""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="connect-operator",
        description=DESCRIPTION,
        epilog=ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"connect-operator, version {_version()}")
    parser.add_subparsers(dest="command", required=True, metavar="run").add_parser("run", help="run until stopped")
    parser.parse_args()
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
