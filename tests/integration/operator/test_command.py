"""The operator's command where it cannot begin: one line that says why and what to do, and exit code 2."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN = {
    "empty": ("", "TypeError"),
    "no YAML": ("{", "ParserError"),
    "text": ("hello\n", "TypeError"),
    "no context": ("apiVersion: v1\nkind: Config\n", "Expected key current-context"),
}


def last_words(kubeconfig: Path) -> dict[str, str]:
    """What `connect-operator run` says at its end, which must be a refusal of its configuration."""
    ended = subprocess.run(
        [Path(sys.executable).parent / "connect-operator", "run"],
        env={"CONNECT_WORKER_IMAGE": "connect-worker:1", "KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    said: dict[str, str] = json.loads(ended.stderr.splitlines()[-1])
    return said


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = last_words(tmp_path / "nowhere")
    assert said["cause"] == f"there is no kubeconfig: {tmp_path}/nowhere is no file, and this is no pod"
    assert said["todo"] == "Outside of a cluster set KUBECONFIG to a file that kubectl can work with"


def test_a_folder_is_no_kubeconfig(tmp_path: Path) -> None:
    assert f"{tmp_path} is no file" in last_words(tmp_path)["cause"]


@pytest.mark.parametrize(("text", "cause"), BROKEN.values(), ids=BROKEN)
def test_a_kubeconfig_that_cannot_be_read_is_named(tmp_path: Path, text: str, cause: str) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(text)
    said = last_words(kubeconfig)
    assert said["cause"].startswith(f"the kubeconfig {kubeconfig} cannot be used: ")
    assert cause in said["cause"]
