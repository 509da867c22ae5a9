"""The rights on an object, and the one that Connect changes: whether a user may change his own password."""

from collections.abc import Iterator
from contextlib import contextmanager

import ldap3
from ldap3.protocol.microsoft import security_descriptor_control

from connect_worker.core.access_list import allowing, denying, password_change
from connect_worker.model.directory import PasswordChange
from tests.contract.directory_server.differences import Difference
from tests.contract.directory_server.servers import PASSWORD, Place, Server, quoted
from tests.support.ldap_client import Client, Result

DESCRIPTOR = "nTSecurityDescriptor"
OWNER, ACCESS_LIST = 1, 4
NEW, NEWER = "An0ther.Abend", "Y3t.another"


@contextmanager
def signed_in(server: Server, user: str, password: str) -> Iterator[Client]:
    with server.connect() as client:
        assert client.bind(user, password).code == 0
        yield client


def read(client: Client, dn: str, parts: int | None = ACCESS_LIST, *, attribute: str = DESCRIPTOR) -> bytes | None:
    controls = [] if parts is None else security_descriptor_control(True, parts)
    answer = client.search(dn, scope=ldap3.BASE, attributes=(attribute,), controls=controls)
    return next(iter(answer.only.get(DESCRIPTOR, [])), None)


def write(client: Client, dn: str, descriptor: bytes) -> Result:
    controls = security_descriptor_control(True, ACCESS_LIST)
    client.connection.modify(  # type: ignore[no-untyped-call]
        dn, {DESCRIPTOR: [(ldap3.MODIFY_REPLACE, [descriptor])]}, controls
    )
    assert client.connection.result is not None
    return Result(code=client.connection.result["result"], message=client.connection.result["message"])


def change_password(server: Server, user: str, old: str, new: str) -> Result:
    """As the user himself: the old one goes, the new one comes."""
    with signed_in(server, user, old) as client:
        edits = [("unicodePwd", ldap3.MODIFY_DELETE, [quoted(old)]), ("unicodePwd", ldap3.MODIFY_ADD, [quoted(new)])]
        return client.modify(user, edits)


def descriptor_of(place: Place, user: str) -> bytes:
    found = read(place.client, user)
    assert found is not None
    return found


def test_a_new_user_may_change_his_password(place: Place) -> None:
    user = place.enabled_user("Anna")
    assert password_change(descriptor_of(place, user)) is PasswordChange.ALLOWED
    assert change_password(place.server, user, PASSWORD, NEW).code == 0
    assert place.server.try_bind(user, NEW).code == 0
    assert place.server.try_bind(user, PASSWORD).code == 49


def test_whom_the_rights_deny_it_he_cannot_until_they_allow_it_again(place: Place) -> None:
    user = place.enabled_user("Anna")
    before = descriptor_of(place, user)
    assert write(place.client, user, denying(before)).code == 0
    assert password_change(descriptor_of(place, user)) is PasswordChange.DENIED
    refused = change_password(place.server, user, PASSWORD, NEW)
    assert refused.code == place.server.expect(Difference.CHANGE_DENIED, windows=50, samba=19)
    assert place.server.try_bind(user, PASSWORD).code == 0
    assert write(place.client, user, allowing(descriptor_of(place, user))).code == 0
    assert descriptor_of(place, user) == before
    assert change_password(place.server, user, PASSWORD, NEW).code == 0


def test_an_administrator_still_sets_the_password_of_who_may_not_change_it(place: Place) -> None:
    user = place.enabled_user("Anna")
    assert write(place.client, user, denying(descriptor_of(place, user))).code == 0
    assert place.client.replace(user, "unicodePwd", quoted(NEWER)).code == 0
    assert place.server.try_bind(user, NEWER).code == 0


def test_the_wrong_old_password_is_56(place: Place) -> None:
    user = place.enabled_user("Anna")
    with signed_in(place.server, user, PASSWORD) as client:
        edits = [("unicodePwd", ldap3.MODIFY_DELETE, [quoted(NEW)]), ("unicodePwd", ldap3.MODIFY_ADD, [quoted(NEWER)])]
        result = client.modify(user, edits)
    assert (result.code, "00000056" in result.message) == (19, True)


def test_the_control_chooses_the_parts(place: Place) -> None:
    user = place.enabled_user("Anna")
    whole, owner = read(place.client, user, None), read(place.client, user, OWNER)
    assert whole is not None
    assert owner is not None
    assert password_change(whole) is PasswordChange.ALLOWED
    assert password_change(owner) is PasswordChange.UNREADABLE
    assert len(descriptor_of(place, user)) < len(whole)


def test_it_comes_only_where_it_is_named(place: Place) -> None:
    assert read(place.client, place.enabled_user("Anna"), None, attribute="*") is None


def test_without_the_control_who_is_no_administrator_gets_nothing(place: Place) -> None:
    """The audit list is among the parts then, and only administrators may see that."""
    user = place.enabled_user("Anna")
    with signed_in(place.server, user, PASSWORD) as client:
        assert not read(client, user, None)
        assert read(client, user) is not None


def test_what_is_no_descriptor_is_refused(place: Place) -> None:
    user = place.enabled_user("Anna")
    before = descriptor_of(place, user)
    assert write(place.client, user, b"garbage").code != 0
    assert descriptor_of(place, user) == before
