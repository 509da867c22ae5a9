"""`connect-bridge doctor`, asked as a machine asks it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("connect-bridge")
SECONDS = 30


async def asked(*options: str | Path) -> tuple[int, Sequence[Mapping[str, str]]]:
    """Its exit code, and its steps."""
    done = await asyncio.to_thread(
        subprocess.run,
        [PROGRAM, "doctor", *options, "--output", "json"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    assert answer["exitCode"] == done.returncode
    return done.returncode, answer["steps"]
