"""Realm and role in a certificate's URI."""

import pytest

from connect_protocol.relay.identity import Identity, Role


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("realm", ["a", "school-a", "0", "x" * 63])
def test_an_identity_that_is_written_and_read_is_the_same(realm: str, role: Role) -> None:
    identity = Identity(realm=realm, role=role)
    assert identity.uri == f"connect://realm/{realm}/{role}"
    assert Identity.parse(identity.uri) == identity


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "connect://realm/a",
        "connect://realm/a/",
        "connect://realm/a/admin",
        "connect://realm/a/worker/",
        "connect://realm/a/b/worker",
        "connect://realm//worker",
        "connect://realm/A/worker",
        "connect://realm/-a/worker",
        "connect://realm/a-/worker",
        "connect://realm/a.b/worker",
        "connect://realm/" + "x" * 64 + "/worker",
        "connect://realm/a/worker\n",
        " connect://realm/a/worker",
        "CONNECT://realm/a/worker",
        "https://realm/a/worker",
        "connect://other/a/worker",
        "connect://realm/%61/worker",
        "connect://realm/ä/worker",
    ],
)
def test_what_is_no_identity_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match=r"no identity|no realm"):
        Identity.parse(uri)
