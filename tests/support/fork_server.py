"""`connect-worker`, imported once: a process that forks itself for each command that it is told on stdin.

A line is one request as JSON: to start a command, answered by its process id, or to take leave of one that has ended,
answered by its exit code (negative: the signal that killed it).
"""

import json
import os
import sys
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any


def serve() -> None:
    """Answer until stdin ends."""
    (command,) = entry_points(group="console_scripts", name="connect-worker")
    main = command.load()
    for line in sys.stdin:
        request = json.loads(line)
        answer = _start(main, request) if "arguments" in request else _exit_code(request["process"])
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _start(main: Any, request: Mapping[str, Any]) -> int:
    process = os.fork()
    if process == 0:
        _become(main, request)
    return process


def _become(main: Any, request: Mapping[str, Any]) -> None:
    """Be the command, as if it had been started with this environment and these streams; never returns."""
    code = 1
    try:
        os.environ.clear()
        os.environ.update(request["environment"])
        _redirect(os.devnull, os.O_RDONLY, 0)
        for stream, path in enumerate((request["stdout"], request["stderr"]), start=1):
            _redirect(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stream)
        main(args=request["arguments"], prog_name="connect-worker")
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _redirect(path: str, flags: int, stream: int) -> None:
    opened = os.open(path, flags, 0o600)
    os.dup2(opened, stream)
    os.close(opened)


def _exit_code(process: int) -> int:
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    serve()
