"""Makes .venv as a lock file has it: `environment.py run` or `environment.py development`.

The stamp .venv/.NAME holds the digest of what was installed. Two makes side by side wait for each other.
"""

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
PIP = (str(VENV_PYTHON), "-m", "pip")


def main(name: str) -> None:
    """Bring .venv to what requirements/NAME.txt and pyproject.toml say, unless it is there already."""
    lock_file = ROOT / "requirements" / f"{name}.txt"
    stamp = VENV / f".{name}"
    wanted = digest(lock_file, ROOT / "pyproject.toml")
    with alone():
        if not works():
            create()
        if not (stamp.exists() and stamp.read_text() == wanted):
            install(lock_file)
        stamp.write_text(wanted)


def digest(*paths: Path) -> str:
    """SHA-256 of the files, one after the other."""
    content = hashlib.sha256()
    for path in paths:
        content.update(path.read_bytes())
    return content.hexdigest()


@contextmanager
def alone() -> Iterator[None]:
    """Hold the right to change .venv; the lock file stands outside it, since making .venv may clear it."""
    lock = ROOT / ".cache" / "environment.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def works() -> bool:
    """Whether .venv has a Python that runs, new enough, and pip: one that was only half made has not."""
    if not VENV_PYTHON.exists():
        return False
    question = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([VENV_PYTHON, "-c", question], capture_output=True, check=False).returncode == 0


def create() -> None:
    """Make .venv anew with the Python that runs this script."""
    say(f"making .venv with Python {sys.version.split()[0]}")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True, check=False)
    if made.returncode:
        sys.exit(
            f"{made.stdout}{made.stderr}\n{sys.executable} cannot make a virtual environment (above: why). "
            "On Debian the package python3-venv is missing: apt-get install python3-venv"
        )


def install(lock_file: Path) -> None:
    """Install the locked packages, each checked against its hash, then Connect itself, editable."""
    say(f"installing {lock_file.relative_to(ROOT)} into .venv")
    pip_install("--require-hashes", "-r", str(lock_file))
    pip_install("--no-build-isolation", "--no-deps", "-e", str(ROOT))


def pip_install(*arguments: str) -> None:
    """Run pip quietly; its own words tell what failed."""
    command = [*PIP, "install", "--quiet", "--no-input", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, check=False).returncode:
        sys.exit("pip could not install what Connect needs (above: why). Is the package index reachable from here?")


def say(what: str) -> None:
    """One line for whoever waits."""
    print(f"set-up: {what}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
