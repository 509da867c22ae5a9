"""What is in an image: its configuration and its files, read from the archive that the cluster loads."""

import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFiles:
    """`configuration` is OCI's (User, Entrypoint, Env, …); `files` are all below /, by their paths without it."""

    configuration: Mapping[str, Any]
    files: Mapping[str, tarfile.TarInfo]

    def names(self, folder: str, suffix: str) -> set[str]:
        """The paths of the files below a folder that end so."""
        return {path for path in self.files if path.startswith(f"{folder}/") and path.endswith(suffix)}


def read_images(archive: Path) -> Mapping[str, ImageFiles]:
    """Each image of the archive by its name. No layer of ours deletes a file, so what a layer adds is there."""
    with tarfile.open(archive) as source:
        manifest = json.load(_open(source, "manifest.json"))
        layers = {name: _members(source, name) for image in manifest for name in image["Layers"]}
        return {
            image["RepoTags"][0]: ImageFiles(
                configuration=json.load(_open(source, image["Config"]))["config"],
                files={path: file for name in image["Layers"] for path, file in layers[name].items()},
            )
            for image in manifest
        }


def _members(archive: tarfile.TarFile, layer: str) -> Mapping[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=_open(archive, layer)) as content:
        return {member.name.removeprefix("./").rstrip("/"): member for member in content}


def _open(archive: tarfile.TarFile, name: str) -> Any:
    return archive.extractfile(name)
