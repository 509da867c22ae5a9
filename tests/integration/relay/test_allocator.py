"""Memory for frames is kept between one frame and the next, in every process that carries frames by gRPC."""

import subprocess
import sys

import pytest

ROUNDS, FRAMES, FRAME_BYTES = 100, 4, 1024 * 1024
PAGE_BYTES = 4096
CARRYING = f"""
import resource, threading
import {{module}}

def carry():
    for _ in range({ROUNDS}):
        frames = [bytes({FRAME_BYTES}) for _ in range({FRAMES})]

def faults():
    thread = threading.Thread(target=carry)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    thread.start()
    thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(faults())
"""


@pytest.mark.parametrize("module", ["connect_relay.rpc", "connect_worker.tunnel.grpc_client"])
def test_a_thread_that_takes_and_frees_frames_gets_few_new_pages(module: str) -> None:
    """Not even those of one round in ten, where each round would have all its pages anew."""
    told = subprocess.run(
        [sys.executable, "-c", CARRYING.format(module=module)], capture_output=True, check=True, text=True, timeout=60
    )
    assert int(told.stdout) < ROUNDS * FRAMES * FRAME_BYTES // PAGE_BYTES // 10
