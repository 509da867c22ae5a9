"""What `connect-worker` loads before it knows what it has to do: every command waits for it."""

import subprocess
import sys

LOADED = "import sys, connect_worker.cli; print(*sys.modules)"


def test_grpc_is_loaded_only_for_a_relay() -> None:
    """Loading it takes a fifth of the time in which a command starts."""
    told = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60)
    loaded = {module.partition(".")[0] for module in told.stdout.split()}
    assert "connect_worker" in loaded
    assert "grpc" not in loaded
