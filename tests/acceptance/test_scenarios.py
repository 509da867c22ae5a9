"""The scenarios of tests/scenarios, each on the simulator and on a real Samba domain of its own."""

from pathlib import Path

import pytest

from tests.support.builders import BASE
from tests.support.scenario import load_scenario, scenario_files
from tests.support.scenario_nights import Stage
from tests.support.site import Site


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
@pytest.mark.parametrize("server", ["simulator", "samba"], indirect=True)
def test_scenario(path: Path, site: Site) -> None:
    """Check, run, and a second run that finds nothing to do: night by night as the scenario tells."""
    with site.domain.signed_in() as domain:
        Stage(site.customer, domain, site.worker, base=BASE).play(load_scenario(path))
