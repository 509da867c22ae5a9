"""Commands of the docs that need a whole installation, given as they stand there."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cluster_customer import ClusterCustomer
from tests.support.connect_release import NAMESPACE
from tests.support.pages import command_block

pytestmark = pytest.mark.timeout(600)
BLOCK_SECONDS = 120
REALM = "paged"


@pytest.fixture(scope="module")
def customer(new_customer: Callable[..., ClusterCustomer]) -> Iterator[ClusterCustomer]:
    """A customer whose ConnectJob only plans."""
    made = new_customer(REALM)
    made.apply_secrets()
    made.apply(mode="Plan")
    with made.bridge():
        made.wait_for_condition("Ready", "True", "Reconciled")
        yield made


@pytest.mark.parametrize(
    ("page", "job", "shown"),
    [
        ("how-to/install.md", "first", "Migrated"),
        ("how-to/on-call.md", "once", "created"),
    ],
)
def test_the_runs_that_pages_tell_of(
    customer: ClusterCustomer, tmp_path: Path, page: str, job: str, shown: str
) -> None:
    """The pages' customer is musterwil; here it is another, in a namespace that people have made their own."""
    block = command_block(page, f"create job musterwil-{job} ").replace("musterwil", REALM)
    environment = {**customer.release.cluster.environment, "KUBECONFIG": str(tmp_path / "kubeconfig")}
    (tmp_path / "kubeconfig").write_bytes(customer.release.cluster.kubeconfig.read_bytes())
    chosen = f"kubectl config set-context --current --namespace={NAMESPACE} && "
    command = ["bash", "-euo", "pipefail", "-c", chosen + block]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=BLOCK_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert shown in done.stdout
    assert customer.ended_run(f"{REALM}-{job}")["result"] == "Done", done.stdout
