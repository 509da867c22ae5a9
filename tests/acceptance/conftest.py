"""Assertions in the support modules explain themselves like those in tests."""

import pytest

pytest.register_assert_rewrite("tests.support.scenario_nights", "tests.support.scenario_school", "tests.support.domain")
