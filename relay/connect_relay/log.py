"""The log of relay and bridge: JSON lines in a container, readable on a terminal; never a secret."""

import logging
import os
import signal
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor


def configure_log(level: str, stream: TextIO) -> None:
    """Log to `stream` from `level` on; what libraries log, from warning on."""
    number = logging.getLevelNamesMapping()[level.upper()]
    output = _Output(stream)
    structlog.configure(
        processors=[*_common(), output.tell_of_failed, *_ending(stream)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", output)),
        cache_logger_on_first_use=False,
    )
    _route_libraries(stream, output)


class _Output:
    """A stream for log lines. When nobody reads it any more (`| head`), the process is told to end, in order.

    A log that goes nowhere is worth a restart, and a person in front of a terminal wants it to be over. A full disk is
    neither: nobody's connection shall break because of it, and the next line that can be written tells of it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._failed = 0

    def tell_of_failed(self, _logger: object, _method: str, line: EventDict) -> EventDict:
        """For structlog."""
        return {**line, "lines_failed": self._failed} if self._failed else line

    def write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            self._give_up()
        except OSError:
            self._failed += 1
        else:
            self._failed = 0

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
            foreign_pre_chain=[*_common(), output.tell_of_failed, structlog.stdlib.add_logger_name],
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
