"""The whole way, in each combination of what carries its two halves."""

import pytest

pytest.register_assert_rewrite("tests.support.chain")

from tests.support.chain import Identities  # noqa: E402 - after the registration


@pytest.fixture(scope="package")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    return Identities.create(tmp_path_factory.mktemp("identities"))
