"""Writes container images of one layer without a builder: for static programs that need nothing around them."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """Executable files by their place in the image; `name` with its tag: `connect.local/pause:1`."""

    name: str
    files: Mapping[str, Path]
    entrypoint: tuple[str, ...]


def write_image(image: Image, archive: Path) -> None:
    """Write the image as an archive that `Cluster.load_image` and Docker can load."""
    layer = _layer(image.files)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": image.entrypoint},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [image.name], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(archive, "w") as tar:
        for name, content in ((config_name, config), ("layer.tar", layer), ("manifest.json", manifest)):
            _add(tar, name, content, mode=0o644)


def _layer(files: Mapping[str, Path]) -> bytes:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for place, source in files.items():
            _add(tar, place.lstrip("/"), source.read_bytes(), mode=0o755)
    return layer.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, *, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))
