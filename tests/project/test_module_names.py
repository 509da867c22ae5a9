"""Modules that the documentation names exist."""

import re

from tests.support.repository import ROOT, texts

MODULE = re.compile(r"(?<![\w/])(connect_(operator|protocol|relay|worker)/[\w/]+\.py)")
FOLDERS = {"operator": "operator", "protocol": "proto", "relay": "relay", "worker": "worker"}


def named(markdown: str) -> set[str]:
    """The modules that a page names, as paths from the root: connect_relay/audit.py → relay/connect_relay/audit.py."""
    return {f"{FOLDERS[part]}/{path}" for path, part in MODULE.findall(markdown)}


def test_every_module_that_is_named_exists() -> None:
    wanted = {(str(page), module) for page, text in texts(".md") for module in named(text)}
    assert {name for name in wanted if not (ROOT / name[1]).is_file()} == set()


def test_the_guard_reads_names_in_text_and_in_tables() -> None:
    """A guard that sees nothing guards nothing."""
    text = "By `connect_relay/audit.py`.\n| `connect_worker/core/plan.py`, `connect_protocol/report.py` | x |"
    assert named(text) == {
        "relay/connect_relay/audit.py",
        "worker/connect_worker/core/plan.py",
        "proto/connect_protocol/report.py",
    }
