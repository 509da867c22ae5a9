"""Renders manifests/ from the chart: `render_manifests.py [--helm PROGRAM]`, which `make manifests` calls.

Each template of the chart's folders operator, rbac, relay, policies and monitoring becomes the file of the same place:
as it is with default values and monitoring switched on, for a release named connect in a namespace of that name,
without what only Helm is meant to read. The definitions in manifests/crd go the other way: the chart gets a copy.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "connect"
MANIFESTS = ROOT / "manifests"
DEFINITIONS = MANIFESTS / "crd"
FOLDERS = ("operator", "rbac", "relay", "policies", "monitoring")
# What a cluster may not know is no part of manifests/kustomization.yaml, and can be applied by itself.
VALUES = ("crds.enabled=false", *(f"monitoring.{part}.enabled=true" for part in ("podMonitors", "alerts", "dashboard")))
HEAD = "# Made of charts/connect by `make manifests`: change it there.\n"
HELMS_OWN = re.compile(r"^ *(?:helm\.sh/chart: .*|app\.kubernetes\.io/managed-by: Helm)\n", re.MULTILINE)
SOURCE = re.compile(r"^# Source: connect/templates/(?P<path>.+)\n(?P<document>(?:.|\n)*)")
TIMEOUT_SECONDS = 60


def main() -> None:
    """Write every file anew, and remove what is not made any more."""
    for definition in DEFINITIONS.glob("*.*.yaml"):
        shutil.copyfile(definition, CHART / "files" / "crd" / definition.name)
    parser = argparse.ArgumentParser(description="Renders manifests/ from charts/connect.")
    parser.add_argument("--helm", default="helm", help="the program (default: the one in PATH)")
    made = render(parser.parse_args().helm)
    for path in written() - made.keys():
        (MANIFESTS / path).unlink()
    for path, text in made.items():
        (MANIFESTS / path).parent.mkdir(parents=True, exist_ok=True)
        (MANIFESTS / path).write_text(text, encoding="utf-8")
    print("\n".join(f"manifests/{path}" for path in made))


def render(helm: str) -> Mapping[str, str]:
    """Path below manifests/ → text. Exits if Helm is missing or refuses the chart."""
    command = [helm, "template", "connect", str(CHART), "--namespace", "connect", "--set", ",".join(VALUES)]
    try:
        rendered = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_SECONDS).stdout
    except FileNotFoundError:
        sys.exit(f"{helm} is missing: install Helm 3, or name its program with --helm")
    except subprocess.CalledProcessError as error:
        sys.exit(f"Helm cannot render the chart: {error.stderr}")
    return files(rendered)


def files(rendered: str) -> Mapping[str, str]:
    """The documents of Helm's output by the place of their template, those of one place together."""
    made: dict[str, str] = {}
    for part in rendered.split("---\n"):
        found = SOURCE.match(part)
        if found and found["path"].split("/")[0] in FOLDERS:
            document = HELMS_OWN.sub("", found["document"]).rstrip() + "\n"
            path = found["path"]
            made[path] = f"{made[path]}---\n{document}" if path in made else HEAD + document
    return dict(sorted(made.items()))


def written() -> set[str]:
    """The files that an earlier call has made."""
    found = (path for folder in FOLDERS for path in (MANIFESTS / folder).glob("*.yaml"))
    return {str(path.relative_to(MANIFESTS)) for path in found if path.name != "kustomization.yaml"}


if __name__ == "__main__":
    main()
