"""The worker's log: JSON lines in a pod, readable on a terminal; run, realm and stage on every line; never a secret."""

import logging
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TextIO, cast

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from connect_protocol.environment import Variable
from connect_worker.config_values import LOG_LEVELS

DEFAULT_LEVEL = "info"
MASK = "***"

_TELLTALE = re.compile(r"password|passwort|secret|credential|token|(?:^|_)keys?$", re.IGNORECASE)


def configure_log(environ: Mapping[str, str], stream: TextIO) -> None:
    """Log to `stream` from the environment's level on; what libraries log, from warning on.

    An unknown level counts as the default here: `load_settings` names it as a fault.
    """
    level = logging.getLevelNamesMapping()[_level(environ).upper()]
    structlog.configure(
        processors=[*_common(), *_ending(stream)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    _route_libraries(stream)


def bind_run(*, run_id: str, realm: str) -> None:
    """Put the run on every line from now on, in this task and those that it starts."""
    clear_contextvars()
    bind_contextvars(run=run_id, realm=realm)


def stage(name: str) -> AbstractContextManager[None]:
    """Put the stage on every line within."""
    return cast("AbstractContextManager[None]", bound_contextvars(stage=name))


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask what is named like a secret, at any depth; numbers and truth values, which only count, stay."""
    return {name: _masked(name, value) for name, value in event.items()}


def _masked(name: object, value: object) -> object:
    if isinstance(value, Mapping):
        return {inner: _masked(inner, part) for inner, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(name, part) for part in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return MASK if _TELLTALE.search(str(name)) else value


def _level(environ: Mapping[str, str]) -> str:
    level = environ.get(Variable.LOG_LEVEL, DEFAULT_LEVEL)
    return level if level in LOG_LEVELS else DEFAULT_LEVEL


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]


def _ending(stream: TextIO) -> list[Processor]:
    """How a line is written. Tracebacks are plain ones: without the values of variables, which may be secrets."""
    if stream.isatty():
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]


def _route_libraries(stream: TextIO) -> None:
    """The standard library's log, which asyncpg, ldap3 and asyncio write to, comes out in the same form."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_common(), structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_ending(stream)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
