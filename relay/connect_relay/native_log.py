"""Takes over what C libraries write to this process's stderr: gRPC tells of failed handshakes nowhere else.

The pipe never holds up who writes: what it cannot take is lost, for a thread of gRPC's that waits may hold what the
reader needs. A crash's Python stack goes to the real stderr; a library's own last words may stay in the pipe.
"""

import asyncio
import faulthandler
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

STDERR = 2
PIPE_BYTES = 1 << 20
READ_BYTES = 1 << 16
_TRACE = "GRPC_TRACE"


def begin_with_tracer(name: str) -> None:
    """Let gRPC's library trace something. It asks the environment when it is loaded: this process begins anew, once."""
    tracers = [tracer for tracer in os.environ.get(_TRACE, "").split(",") if tracer]
    if name not in tracers:
        os.environ[_TRACE] = ",".join([*tracers, name])
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the same program with the same arguments


@contextmanager
def taken_over(take: Callable[[str], str]) -> Iterator[None]:
    """Within: what is written to stderr goes to `take`, and what that returns to the real stderr."""
    loop = asyncio.get_running_loop()
    real = os.dup(STDERR)
    reading, writing = os.pipe()
    with suppress(OSError):
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    for end in (reading, writing):
        os.set_blocking(end, False)
    os.dup2(writing, STDERR)
    os.close(writing)
    faulthandler.enable(real)

    def drain() -> None:
        with suppress(BlockingIOError):
            while piece := os.read(reading, READ_BYTES):
                os.write(real, take(piece.decode(errors="replace")).encode())

    loop.add_reader(reading, drain)
    try:
        yield
    finally:
        loop.remove_reader(reading)
        os.dup2(real, STDERR)
        drain()
        faulthandler.disable()
        os.close(reading)
        os.close(real)
