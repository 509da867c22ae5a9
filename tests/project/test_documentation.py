"""Guards over the documentation: what it says of commands, links, codes and names is so."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connect_protocol.environment import SecretKey, Variable
from connect_protocol.exit_codes import ExitCode
from connect_worker import errors
from tests.support.repository import ROOT, files, read, table, texts

LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = ("https:", "http:", "mailto:")
DOCS_PATH = re.compile(r"(?<![\w./-])docs/[\w./-]*\w")
MAKE_COMMAND = re.compile(r"(?:`|^)make ([a-z]+)", flags=re.MULTILINE)
BRANCH = re.compile(r"(?P<lead>[│ ]*)(?:[├└]── )?(?P<name>\w+Error)(?: +(?P<code>\d+))?")


def anchors(markdown: str) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", markdown, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path, markdown: str) -> Iterator[str]:
    """Links of a page whose file or heading inside the repository does not exist."""
    for target in LINK.findall(markdown):
        if target.startswith(ELSEWHERE):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page.parent / path) if path else ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            yield target


def commands(markdown: str, heading: str) -> list[str]:
    """The lines of the first shell block under a heading, without comments."""
    _, _, section = markdown.partition(f"{heading}\n")
    block = re.search(r"```sh\n(.*?)```", section, flags=re.DOTALL)
    return [line.split(" #")[0].strip() for line in block[1].splitlines()] if block else []


def drawn_tree(docstring: str) -> dict[str, tuple[str | None, int | None]]:
    """Error → its parent and its exit code, from the tree drawn in a docstring."""
    parents: list[str] = []
    tree: dict[str, tuple[str | None, int | None]] = {}
    for line in docstring.splitlines():
        found = BRANCH.match(line)
        if not found:
            continue
        depth = 0 if line == line.lstrip("│├└ ") else len(found["lead"]) // 4 + 1
        parents[depth:] = [found["name"]]
        tree[found["name"]] = (parents[depth - 1] if depth else None, int(found["code"]) if found["code"] else None)
    return tree


def test_ci_calls_the_readmes_test_command() -> None:
    """What a reader runs and what CI runs is one command."""
    script = [line for line in read(".ci/run").splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert commands(read("README.md"), "## Test it") == [line.removeprefix("exec ") for line in script]


def test_every_make_command_that_is_named_exists() -> None:
    """In the README, CONTRIBUTING.md and docs/."""
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), flags=re.MULTILINE))
    named = {(str(path), target) for path, text in texts(".md") for target in MAKE_COMMAND.findall(text)}
    assert {command for command in named if command[1] not in targets} == set()


def test_every_link_leads_somewhere() -> None:
    """To a file that exists, and in it to a heading that exists."""
    assert [(str(path), found) for path, text in texts(".md") if (found := list(broken_links(path, text)))] == []


def test_the_index_of_docs_names_every_page() -> None:
    """Decisions have an index of their own."""
    listed = {target.partition("#")[0] for target in LINK.findall(read("docs/README.md"))}
    pages = {str(path.relative_to("docs")) for path in files() if path.parts[0] == "docs" and path.suffix == ".md"}
    wanted = {page for page in pages if not page.startswith("decisions/") and page != "README.md"}
    assert wanted - listed == set()
    assert "decisions/000-index.md" in listed


def test_every_page_of_docs_that_is_named_exists() -> None:
    """Also where code or a comment names it."""
    named = {(str(path), page) for path, text in texts() for page in DOCS_PATH.findall(text)}
    assert {name for name in named if not (ROOT / name[1]).exists()} == set()


def test_the_guard_of_links_sees_a_missing_file_and_a_missing_heading() -> None:
    """A guard that sees nothing guards nothing."""
    text = "[a](missing.md) [b](README.md#nowhere) [c](LICENSE) [d](https://example.org/x)"
    assert list(broken_links(Path("page.md"), text)) == ["missing.md", "README.md#nowhere"]


@pytest.mark.parametrize("page", ["README.md", "docs/reference/exit-codes.md", "docs/how-to/on-call.md"])
def test_the_table_of_exit_codes_is_the_programs(page: str) -> None:
    """Code, name and whether the run is tried again."""
    documented = [row[:3] for row in table(read(page), "## Exit codes")]
    assert documented == [(str(code.value), code.name, "yes" if code.retried else "no") for code in ExitCode]


def test_every_variable_of_the_worker_is_documented() -> None:
    """In the order of the program, none more."""
    rows = table(read("docs/reference/environment.md"), "## Variables")
    assert [row[0] for row in rows] == list(Variable)


def test_every_file_of_the_secrets_is_documented() -> None:
    """In the order of the program, none more."""
    rows = table(read("docs/reference/environment.md"), "## Files of the Secrets")
    assert [row[0] for row in rows] == list(SecretKey)


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    """Every error with its parent; its exit code where it has one of its own."""
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    drawn = drawn_tree(errors.__doc__ or "")
    own = [value for value in classes if value.__module__ == errors.__name__]
    parents = {value.__name__: None if value is errors.ConnectError else value.__bases__[0].__name__ for value in own}
    codes = {value.__name__: value.exit_code for value in own if issubclass(value, errors.ConnectError)}
    assert {name: parent for name, (parent, _) in drawn.items()} == parents
    assert {name: code or ExitCode.FAULT for name, (_, code) in drawn.items()} == codes


def test_the_guard_of_the_tree_reads_names_parents_and_codes() -> None:
    """A guard that sees nothing guards nothing."""
    tree = "A tree.\n\nAError\n├── BError   2  text\n│   └── CError  3\n└── DError\n    └── EError 4"
    assert drawn_tree(tree) == {
        "AError": (None, None),
        "BError": ("AError", 2),
        "CError": ("BError", 3),
        "DError": ("AError", None),
        "EError": ("DError", 4),
    }


def test_every_decision_is_in_the_index_under_a_number_of_its_own() -> None:
    """docs/decisions/000-index.md lists them in order."""
    pages = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md") if path.name != "000-index.md")
    listed = re.findall(r"\]\((\d{3}-[\w-]+\.md)\)", read("docs/decisions/000-index.md"))
    numbers = [page[:3] for page in pages]
    assert listed == pages
    assert len(numbers) == len(set(numbers))
