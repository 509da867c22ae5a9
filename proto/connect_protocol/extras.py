"""A command whose libraries are not installed says which extra has them, in the place of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connect_protocol.exit_codes import ExitCode

_OWN = "connect_"


@contextmanager
def coming_with(extra: str, *, lock: str = "") -> Iterator[None]:
    """Within stand a command's imports. Ends the program where one of other people's modules is missing.

    `lock` is the file of requirements/ that holds the extra's versions, where it is not called as the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or _OWN).partition(".")[0]
        if module.startswith(_OWN):
            raise
        sys.stderr.write(
            f"Error: {Path(sys.argv[0]).name} needs {module}, which is not installed here\n"
            f"→ Install the extra {extra}, in Connect's folder: "
            f"{sys.executable} -m pip install --requirement requirements/{lock or extra}.txt\n"
        )
        sys.exit(ExitCode.CONFIGURATION)
