"""The repository's own files, for the guards in tests/project."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Every file that git tracks or would track, relative to the root."""
    # Clones that belong to somebody else are read too: a container often runs as root on a user's files.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    return tuple(path for name in sorted(set(listed.split("\0"))) if name and (ROOT / (path := Path(name))).is_file())


def texts(*suffixes: str) -> Iterator[tuple[Path, str]]:
    """Every text file with its content, of the given suffixes or all; what is not UTF-8 is no text."""
    for path in files():
        if suffixes and path.suffix not in suffixes:
            continue
        try:
            yield path, (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def read(path: str) -> str:
    """One file's text."""
    return (ROOT / path).read_text(encoding="utf-8")


def table(markdown: str, heading: str) -> list[tuple[str, ...]]:
    """The rows of the first Markdown table under a heading, header and rule left out, backticks stripped."""
    _, _, section = markdown.partition(f"{heading}\n")
    rows: list[tuple[str, ...]] = []
    for line in section.splitlines():
        if line.startswith("|"):
            rows.append(tuple(cell.strip().strip("`") for cell in line.strip("|").split("|")))
        elif rows:
            break
    return rows[2:]


def functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method in a module's text."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
