"""A worker's stand-in for tests of how runs end: BusyBox, which plays the script that the customer's Secret holds.

The operator makes its pod as any run's; what the script leaves as report, and how it ends, is the test's.
"""

from collections.abc import Sequence
from pathlib import Path

from connect_protocol.report import Report, RunResult
from tests.cluster.image_archive import Image, write_image
from tests.support.operator_process import Document, secrets

IMAGE = "connect.local/stand-in:1"
PLAY = "play"
REPORT_FILE = "/dev/termination-log"
WAIT = "while :; do /bin/busybox sleep 0.2; done"
"""To the end of days."""


def write_stand_in(archive: Path, name: str = IMAGE) -> None:
    """Write its image, which reads its script where the operator mounts the customer's Secret."""
    script = f"/run/secrets/connect/customer/{PLAY}"
    files = {"/bin/busybox": Path("/bin/busybox")}
    write_image(Image(name=name, files=files, entrypoint=("/bin/busybox", "sh", script)), archive)


def secrets_with(name: str, script: str) -> Sequence[Document]:
    """The Secrets of a ConnectJob whose runs play this script."""
    customer, database = secrets(name)
    return customer | {"stringData": customer["stringData"] | {PLAY: script}}, database


def leaves(text: str, exit_code: int) -> str:
    """A script that leaves this text as its report, and ends."""
    return f"/bin/busybox cat > {REPORT_FILE} <<'END'\n{text}\nEND\nexit {exit_code}\n"


def until_stopped(report: Report) -> str:
    """A script that runs until SIGTERM, and then reports as a worker does."""
    return f"end() {{\n{leaves(report.to_json(), report.exit_code)}}}\ntrap end TERM\necho it runs\n{WAIT}\n"


def report(**changes: object) -> Report:
    """A report of a night that changed something."""
    facts: dict[str, object] = {
        "run_id": "1",
        "realm": "musterwil",
        "command": "run",
        "result": RunResult.DONE,
        "reason": "Synced",
        "exit_code": 0,
        "started_at": "2026-11-23T02:17:00+00:00",
        "finished_at": "2026-11-23T02:20:00+00:00",
    }
    return Report(**(facts | changes))  # type: ignore[arg-type]


STOPPED = report(result=RunResult.STOPPED, reason="Stopped", exit_code=9, message="SIGTERM came")
