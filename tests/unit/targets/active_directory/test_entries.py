"""Entries become users, groups and names."""

from uuid import UUID

import pytest

from connect_worker.errors import IncompleteReadError
from connect_worker.model.account import Profile
from connect_worker.model.directory import Login, ObjectKind, TakenName
from connect_worker.model.ids import Guid
from connect_worker.targets.active_directory.answers import Entry
from connect_worker.targets.active_directory.attributes import Held
from connect_worker.targets.active_directory.entries import group_of, held_of, is_group, is_user, taken_name_of, user_of

GUID = Guid(UUID("c68c5bef-8663-47cd-ab53-5112337f53a5"))
DN = "CN=Anna Meier,OU=Schule,DC=school,DC=test"
BARE = {
    "objectclass": [b"top", b"person", b"organizationalPerson", b"user"],
    "objectguid": [bytes.fromhex("ef5b8cc66386cd47ab535112337f53a5")],
    "useraccountcontrol": [b"512"],
    "whencreated": [b"20261122143140.0Z"],
}


PROFILE_NAMES = [
    *("employeeid", "givenname", "sn", "displayname", "initials", "title", "company", "department", "manager"),
    *("physicaldeliveryofficename", "streetaddress", "postalcode", "l", "st", "c", "preferredlanguage"),
    *("wwwhomepage", "telephonenumber", "info"),
]


def _user(**more: bytes) -> Entry:
    return Entry(DN, BARE | {name: [value] for name, value in more.items()})


def test_a_user_is_read_with_every_attribute() -> None:
    texts = {field: f"the {field}" for field in Profile.__dataclass_fields__}
    ldap = dict(zip(PROFILE_NAMES, (text.encode() for text in texts.values()), strict=True))
    user = user_of(
        _user(**ldap, samaccountname=b"anna", userprincipalname=b"Anna@school.test", mail=b"anna@school.test")
    )
    assert user.profile == Profile(**texts)
    assert user.login == Login(
        sam_account_name="anna",
        user_principal_name="Anna@school.test",
        mail="anna@school.test",
        addresses=(),
        password_never_expires=False,
    )
    assert (user.guid, user.dn, user.created) == (GUID, DN, "2026-11-22T14:31:40Z")


@pytest.mark.parametrize(
    ("control", "enabled", "never_expires"),
    [
        (b"512", True, False),
        (b"514", False, False),
        (b"66048", True, True),
        (b"66050", False, True),
        (b"544", True, False),
    ],
)
def test_account_control_tells_whether_a_user_is_enabled_and_the_password_expires(
    control: bytes, enabled: bool, never_expires: bool
) -> None:
    user = user_of(_user(useraccountcontrol=control))
    assert (user.enabled, user.login.password_never_expires) == (enabled, never_expires)


def test_who_must_change_the_password_is_known_by_the_day_of_the_last_change() -> None:
    assert user_of(_user(pwdlastset=b"0")).must_change_password
    assert not user_of(_user(pwdlastset=b"134398315007083220")).must_change_password


@pytest.mark.parametrize("more", [{"admincount": b"1"}, {"iscriticalsystemobject": b"TRUE"}])
def test_administrators_and_system_objects_are_protected(more: dict[str, bytes]) -> None:
    assert user_of(_user(**more)).protected
    assert not user_of(_user(admincount=b"0", iscriticalsystemobject=b"FALSE")).protected


def test_a_text_that_is_not_utf_8_is_read_and_seen_to_be_wrong() -> None:
    assert user_of(_user(l=b"Z\xfcrich")).profile.city == "Z\N{REPLACEMENT CHARACTER}rich"


@pytest.mark.parametrize("hidden", ["objectguid", "useraccountcontrol"])
def test_a_user_without_what_every_user_has_is_not_read_at_all(hidden: str) -> None:
    """A user whose account control is hidden must not be taken for an enabled one."""
    values = {name: value for name, value in BARE.items() if name != hidden}
    with pytest.raises(IncompleteReadError, match=f"(?i){hidden} of {DN} cannot be read"):
        user_of(Entry(DN, values))


def test_a_group_is_read_with_its_members() -> None:
    values = BARE | {
        "objectclass": [b"top", b"group"],
        "samaccountname": [b"KL.1"],
        "displayname": ["Klasse 1 ¦ Dorf".encode()],
        "description": [b"made by Connect"],
    }
    group = group_of(Entry(DN, values), frozenset({"CN=a"}))
    assert (group.sam_account_name, group.display_name, group.description) == (
        "KL.1",
        "Klasse 1 ¦ Dorf",
        "made by Connect",
    )
    assert group.members == {"CN=a"}
    assert is_group(Entry(DN, values))
    assert not is_user(Entry(DN, values))


def test_taken_names_are_lower_case_and_there_once() -> None:
    entry = _user(samaccountname=b"Anna", userprincipalname=b"Anna@School.test", mail=b"anna@school.test")
    entry.attributes["samaccounttype"], entry.attributes["employeeid"] = [b"805306368"], [b"S.00001"]
    entry.attributes["proxyaddresses"] = [b"SMTP:Anna@school.test", b"smtp:old@school.test", b"sip:anna"]
    assert taken_name_of(entry) == TakenName(
        guid=GUID,
        dn=DN,
        sam_account_name="Anna",
        addresses=("anna@school.test", "old@school.test"),
        kind=ObjectKind.USER,
        user_principal_name="Anna@School.test",
        mail="anna@school.test",
        proxy_addresses=("anna@school.test", "old@school.test"),
        employee_id="S.00001",
        created="2026-11-22T14:31:40Z",
    )


def test_what_is_written_only_in_part_is_remembered_whole() -> None:
    entry = _user(useraccountcontrol=b"8389120")
    entry.attributes["proxyaddresses"] = [b"SMTP:a@school.test", b"X500:/o=S"]
    assert held_of(entry) == Held(account_control=8389120, foreign_addresses=(b"X500:/o=S",))
