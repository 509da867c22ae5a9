"""docs/how-to/when-a-run-fails.md explains every exit code and every reason that the program can give."""

import ast
import re
from collections.abc import Iterator

from connect_protocol.exit_codes import ExitCode
from tests.support.repository import read, table, texts

PAGE = "docs/how-to/when-a-run-fails.md"
WORD = re.compile(r"[A-Z][A-Za-z]+")


def constants(tree: ast.Module) -> dict[str, str]:
    """The texts that a module gives a name."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def values(tree: ast.Module) -> Iterator[ast.expr]:
    """Everything that a module gives as a reason: as an argument, a class's attribute, or an object's."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="reason", value=value):
                yield value
            case ast.AnnAssign(target=ast.Name(id="reason"), value=ast.expr() as value):
                yield value
            case ast.Assign(targets=[ast.Name(id="reason") | ast.Attribute(attr="reason")], value=value):
                yield value


def reasons_in(text: str, elsewhere: dict[str, str]) -> set[str]:
    """The words in a module's text; names that it does not define itself are looked up in `elsewhere`."""
    tree = ast.parse(text)
    known = elsewhere | constants(tree)
    words: set[str] = set()
    for value in values(tree):
        parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
        words.update(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))
        words.update(known[part.id] for part in parts if isinstance(part, ast.Name) and part.id in known)
    return {word for word in words if WORD.fullmatch(word)}


def reasons() -> set[str]:
    """Every reason of the worker."""
    modules = [text for path, text in texts(".py") if path.parts[0] == "worker"]
    elsewhere: dict[str, str] = {}
    for text in modules:
        elsewhere |= constants(ast.parse(text))
    return {word for text in modules for word in reasons_in(text, elsewhere)}


def test_every_reason_is_on_the_page_and_no_other() -> None:
    told = [row[0] for row in table(read(PAGE), "## Every reason")]
    assert len(told) == len(set(told))
    assert set(told) == reasons()


def test_every_exit_code_has_a_section() -> None:
    told = re.findall(r"^### (\d+): `(\w+)`$", read(PAGE), flags=re.MULTILINE)
    assert told == [(str(code.value), code.name) for code in ExitCode if code is not ExitCode.DONE]


def test_the_guard_reads_every_way_of_giving_a_reason() -> None:
    """A guard that sees nothing guards nothing."""
    text = """
OWN = "FromAConstant"
class AError(Exception):
    reason: str = "OfAClass"
class BError(AError):
    reason = "OfAnother"
def work(tally, note):
    tally.reason = "One" if note else "Other"
    raise AError("what", reason="AsAnArgument") from note(reason=OWN, why="NotThis")
def more(run):
    raise AError(reason=FOREIGN, todo=run.reason)
"""
    expected = {"FromAConstant", "OfAClass", "OfAnother", "One", "Other", "AsAnArgument", "Imported"}
    assert reasons_in(text, {"FOREIGN": "Imported"}) == expected
