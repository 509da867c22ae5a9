"""docs/reference/scenarios.md lists every scenario by its title, and no other."""

from tests.support.repository import read, table
from tests.support.scenario import load_scenario, scenario_files


def test_the_page_lists_every_scenario_by_its_title() -> None:
    listed = table(read("docs/reference/scenarios.md"), "# Scenarios")
    assert listed == [(path.stem, load_scenario(path).title) for path in scenario_files()]
