"""Commands that pages of the docs tell people to give, for tests that give them."""

import re

from tests.support.repository import ROOT


def command_block(page: str, holding: str) -> str:
    """The only block of shell commands on a page of docs/ that holds this text. Raises ValueError otherwise."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    (found,) = [block for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if holding in block]
    return str(found)
