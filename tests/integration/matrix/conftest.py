"""The whole way, in each combination of what carries its two halves."""

import pytest

pytest.register_assert_rewrite("tests.support.chain")

from tests.support.relay import OTHER_REALM, REALM, Pki  # noqa: E402 - after the registration


@pytest.fixture(scope="package")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"), REALM, OTHER_REALM)
