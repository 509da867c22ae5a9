"""The log of relay and bridge: JSON lines in a container, readable on a terminal; never a secret."""

import logging
import os
import signal
from typing import TextIO, cast

import structlog
from structlog.typing import Processor


def configure_log(level: str, stream: TextIO) -> None:
    """Log to `stream` from `level` on; what libraries log, from warning on."""
    number = logging.getLevelNamesMapping()[level.upper()]
    output = _Output(stream)
    structlog.configure(
        processors=[*_common(), *_ending(stream)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", output)),
        cache_logger_on_first_use=False,
    )
    _route_libraries(stream, output)


class _Output:
    """A stream for log lines. When nobody reads it any more (`| head`), the process is told to end, in order.

    A log that goes nowhere is worth a restart, and a person in front of a terminal wants it to be over.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            self._give_up()

    def flush(self) -> None:
        """Nothing to do: each line is flushed."""

    def _give_up(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        os.kill(os.getpid(), signal.SIGTERM)


def _route_libraries(stream: TextIO, output: _Output) -> None:
    """What grpc's Python part, aiohttp and asyncio log comes out in the same form."""
    handler = logging.StreamHandler(output)
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


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _ending(stream: TextIO) -> list[Processor]:
    """How a line is written. Tracebacks are plain ones: without the values of variables, which may be secrets."""
    if stream.isatty():
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
