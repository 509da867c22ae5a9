"""The relay protocol's generated code is what protoc makes of relay.proto today."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

PROTOCOL = Path("connect_protocol", "relay", "v1")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", "-Iproto"),
            *(f"--python_out={folder}", f"--pyi_out={folder}", f"proto/{PROTOCOL}/relay.proto"),
        ],
        cwd=ROOT,
        check=True,
    )
    return folder


@pytest.mark.parametrize("name", ["relay_pb2.py", "relay_pb2.pyi"])
def test_the_committed_code_is_that_of_the_protocol(generated: Path, name: str) -> None:
    """After a change of relay.proto, both are made anew."""
    committed = ROOT / "proto" / PROTOCOL / name
    assert (generated / PROTOCOL / name).read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")
