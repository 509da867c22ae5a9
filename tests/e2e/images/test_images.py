"""The images: what they hold, who runs in them, and what they do without."""

import re
from collections.abc import Iterator, Mapping

import pytest
from packaging.requirements import Requirement

from scripts.build_images import PYTHON_VERSION, Part
from tests.cluster.images import built
from tests.support.image_files import ImageFiles, read_images
from tests.support.repository import read

HOME = "opt/connect"
USER = 10001
COMMANDS = {
    Part.OPERATOR: {"connect-operator"},
    Part.WORKER: {"connect-worker"},
    Part.RELAY: {"connect-relay", "connect-bridge"},
}


@pytest.fixture(scope="module")
def images() -> Mapping[Part, ImageFiles]:
    """Each part's image."""
    made = built()
    found = read_images(made.archive)
    return {part: found[name] for part, name in made.names.items()}


@pytest.fixture(params=list(Part))
def part(request: pytest.FixtureRequest) -> Part:
    """One after the other."""
    chosen: Part = request.param
    return chosen


@pytest.fixture
def image(images: Mapping[Part, ImageFiles], part: Part) -> ImageFiles:
    """Its image."""
    return images[part]


def locked(part: Part) -> Iterator[str]:
    """The distributions that the part's lock asks for in its image, as their folders are called."""
    for line in re.findall(r"^[\w.-]+==[^\\\n]+", read(f"requirements/{part}.txt"), flags=re.MULTILINE):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"python_version": PYTHON_VERSION}):
            yield folder(requirement.name, str(requirement.specifier).removeprefix("=="))


def folder(name: str, version: str) -> str:
    """A distribution as the folder of its metadata is called, upper case and hyphens aside."""
    return f"{re.sub(r'[-_.]+', '_', name).lower()}-{version}"


def installed(image: ImageFiles) -> set[str]:
    """The distributions in an image."""
    metadata = image.names(HOME, ".dist-info/METADATA")
    return {folder(*path.split("/")[-2].removesuffix(".dist-info").rsplit("-", 1)) for path in metadata}


def test_an_image_runs_its_command_as_an_ordinary_user(image: ImageFiles, part: Part) -> None:
    assert image.configuration["User"] == f"{USER}:{USER}"
    assert image.configuration["Entrypoint"] == [f"connect-{part}"]
    assert "PYTHONDONTWRITEBYTECODE=1" in image.configuration["Env"]


def test_an_image_holds_what_its_lock_says_and_connect(image: ImageFiles, part: Part) -> None:
    ours = {name for name in installed(image) if name.startswith("connect-")}
    assert len(ours) == 1
    assert installed(image) - ours == set(locked(part))


def test_an_image_has_its_own_commands_only(image: ImageFiles, part: Part) -> None:
    assert {path.rpartition("/")[2] for path in image.files if path.startswith(f"{HOME}/bin/connect-")} == COMMANDS[
        part
    ]


def test_every_module_is_compiled(image: ImageFiles) -> None:
    """Nothing can be written at run time, so what is not compiled here is compiled at every start."""
    sources = image.names(f"{HOME}/lib", ".py")
    compiled = {re.sub(r"__pycache__/([^/]+)\.cpython-\d+\.pyc$", r"\1.py", path) for path in image.names(HOME, ".pyc")}
    assert sources
    assert sources - compiled == set()


def test_nothing_of_connect_can_be_changed_from_within(image: ImageFiles) -> None:
    own = [(path, file) for path, file in image.files.items() if path.startswith(HOME) and not file.issym()]
    assert [path for path, file in own if USER in (file.uid, file.gid) or file.mode & 0o022] == []


def test_what_builds_an_image_stays_out_of_it(image: ImageFiles) -> None:
    assert {path for path in image.files if path.startswith(("build", "wheelhouse"))} == set()
    assert image.names(HOME, ".whl") | {path for path in image.files if path.startswith(f"{HOME}/bin/pip")} == set()
