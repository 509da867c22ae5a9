"""The table of differences itself."""

from pathlib import Path

import pytest

from tests.contract.directory_server.differences import Difference


@pytest.mark.parametrize("difference", Difference)
def test_every_named_difference_is_asserted_by_a_case(difference: Difference) -> None:
    sources = (source.read_text() for source in Path(__file__).parent.glob("test_*.py"))
    assert any(f"Difference.{difference.name}," in source for source in sources)
