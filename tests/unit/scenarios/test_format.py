"""A scenario's file is read strictly: what is misspelt is told, and nothing is passed over."""

import pytest
import yaml

from tests.support.scenario import ScenarioError, load_scenario, read_scenario, scenario_files

WHOLE = {
    "title": "A title",
    "prose": "A story.",
    "nights": [{"date": yaml.safe_load("2026-11-16"), "expect": {"reason": "Synced"}}],
}


def refused(**changes: object) -> str:
    """What is said to the whole scenario with these changes."""
    with pytest.raises(ScenarioError) as caught:
        read_scenario("sample", yaml.safe_dump(WHOLE | changes))
    return str(caught.value)


def night(**changes: object) -> list[object]:
    return [{**WHOLE["nights"][0], **changes}]  # type: ignore[dict-item]


def test_the_whole_sample_is_accepted() -> None:
    """So that the others fail for their own fault."""
    scenario = read_scenario("sample", yaml.safe_dump(WHOLE))
    assert [(night.date.isoformat(), night.expect.reason) for night in scenario.nights] == [("2026-11-16", "Synced")]


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
def test_every_scenario_tells_a_story(path: object) -> None:
    """A school officer reads two to six sentences: the situation, what must happen, and why."""
    scenario = next(load_scenario(file) for file in scenario_files() if file == path)
    assert scenario.title
    assert 2 <= scenario.prose.count(". ") + 1 <= 6
    assert scenario.nights


def test_there_are_twenty_scenarios_and_each_has_a_number_of_its_own() -> None:
    """Their order is that of their numbers."""
    numbers = [int(path.name[:3]) for path in scenario_files()]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 20


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nigths": []}, "unknown nigths"),
        ({"school": {"pupils": {}}}, "unknown pupils"),
        ({"school": {"students": {"one": {}}}}, "int is expected, not 'one'"),
        ({"school": {"students": {1: "Anna"}}}, "a mapping is expected"),
        ({"nights": night(expect={})}, "reason missing"),
        ({"nights": night(expect={"reason": "Synced", "plann": []})}, "unknown plann"),
        ({"nights": night(expect={"reason": "Synced", "plan": "create_user S.00001"})}, "list is expected"),
        ({"nights": night(expect={"reason": "Synced", "directory": {"S.00001": "gone"}})}, "'absent' is expected"),
        ({"nights": night(date="yesterday")}, "date is expected"),
        ({"nights": night(office={"user": {}})}, "unknown user"),
        ({"nights": night(directory=[{"destroy": "S.00001"}])}, "should name one of delete"),
        ({"nights": night(directory=[{"move": "S.00001"}])}, "move takes ['to'], not []"),
        ({"nights": night(directory=[{"delete": "S.00001", "to": "OU=X"}])}, "delete takes [], not ['to']"),
    ],
)
def test_what_is_misspelt_is_told(changes: dict[str, object], said: str) -> None:
    """An expectation that is passed over would always hold."""
    assert said in refused(**changes)


def test_a_key_that_stands_twice_is_told() -> None:
    """YAML would silently take the last one."""
    text = yaml.safe_dump(WHOLE) + "title: Another\n"
    with pytest.raises(ScenarioError, match="title stands twice"):
        read_scenario("sample", text)
