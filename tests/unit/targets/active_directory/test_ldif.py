"""A change as text that a person can paste, without its secrets."""

from uuid import UUID

from connect_worker.model.change import Member
from connect_worker.model.ids import Guid
from connect_worker.targets.active_directory.ldif import as_command, as_ldif, change_as_ldif
from connect_worker.targets.active_directory.requests import AddEntry, Control, ModifyEntry, Scope, Search
from tests.support.directory_changes import (
    PASSWORD,
    account_key,
    add_members,
    create_user,
    disable,
    group_key,
    modify,
    rename,
    set_password,
)

OU = "OU=Schule,DC=school,DC=test"
GUID = Guid(UUID("c68c5bef-8663-47cd-ab53-5112337f53a5"))
NAME = "# dn: <GUID=c68c5bef-8663-47cd-ab53-5112337f53a5>\n"
NAME += "dn:: PEdVSUQ9YzY4YzViZWYtODY2My00N2NkLWFiNTMtNTExMjMzN2Y1M2E1Pg==\n"


def test_a_created_user_shows_everything_but_the_password() -> None:
    text = change_as_ldif(create_user(1, OU, "anna"))
    assert text.startswith(f"# create user anna as CN=anna,{OU}\ndn: CN=anna,{OU}\nchangetype: add\n")
    assert "proxyAddresses: SMTP:anna@school.test\n" in text
    assert "\n# unicodePwd: ***\n" in text


def test_no_secret_is_shown_in_any_form() -> None:
    """A request that holds a password is logged as it is sent."""
    password = f'"{PASSWORD.reveal()}"'.encode("utf-16-le")
    text = as_ldif(AddEntry(dn="CN=a", attributes=(("UnicodePwd", (password,)),)))
    assert text == "dn: CN=a\nchangetype: add\n# UnicodePwd: ***\n"


def test_a_password_that_is_set_is_masked() -> None:
    text = change_as_ldif(set_password(account_key(1), GUID, f"CN=anna,{OU}", must_change=True))
    assert text == (
        f"# set the initial password of CN=anna,{OU}\n{NAME}changetype: modify\n"
        "replace: unicodePwd\n# unicodePwd: ***\n-\nreplace: pwdLastSet\npwdLastSet: 0\n-\n"
    )


def test_a_modification_is_written_edit_by_edit() -> None:
    assert change_as_ldif(disable(account_key(1), GUID, "CN=anna")) == (
        f"# disable CN=anna (exit)\n{NAME}changetype: modify\n"
        "delete: userAccountControl\nuserAccountControl: 512\n-\nadd: userAccountControl\nuserAccountControl: 514\n-\n"
    )


def test_rights_are_not_shown_before_they_are_read() -> None:
    """What is written is the whole list with two entries more: nobody knows it beforehand."""
    change = modify(account_key(1), GUID, "CN=anna", password_change_prevented=True)
    first, second = change_as_ldif(change).splitlines()
    assert first == "# modify CN=anna: password_change_prevented – → True"
    assert second.startswith("# (two entries of nTSecurityDescriptor")


def test_controls_stand_where_the_programs_take_them() -> None:
    rights = ModifyEntry(dn="CN=a", modifications=(), controls=(Control.ACCESS_LIST,))
    assert as_ldif(rights) == "dn: CN=a\ncontrol: 1.2.840.113556.1.4.801 true:: MAMCAQQ=\nchangetype: modify\n"
    deleted = Search(base="CN=a", attributes=("cn",), controls=(Control.ACCESS_LIST, Control.SHOW_DELETED))
    assert as_command(deleted) == (
        "ldapsearch -E '!1.2.840.113556.1.4.801=::MAMCAQQ=' -E '!1.2.840.113556.1.4.417' "
        "-b CN=a -s base '(objectClass=*)' cn"
    )


def test_members_are_added_to_a_group_of_the_same_plan_by_its_name() -> None:
    change = add_members(group_key(), None, "CN=g", [Member(key=account_key(1), dn="CN=a")])
    assert as_text(change_as_ldif(change)) == ["dn: CN=g", "changetype: modify", "add: member", "member: CN=a", "-"]


def test_a_move_names_the_new_parent() -> None:
    text = change_as_ldif(rename(account_key(1), GUID, "CN=a,OU=x", "CN=b,OU=y"))
    assert text.endswith("changetype: modrdn\nnewrdn: CN=b\ndeleteoldrdn: 1\nnewsuperior: OU=y\n")


def test_what_ldif_cannot_hold_as_text_stands_in_base64() -> None:
    values = ("Zürich".encode(), b" a", b"a ", b":a", b"<a", b"a\nb", b"a: b", b"")
    text = as_ldif(AddEntry(dn="CN=a", attributes=(("l", values),)))
    assert text.splitlines()[2:] == [
        *("l:: WsO8cmljaA==", "l:: IGE=", "l:: YSA=", "l:: OmE=", "l:: PGE=", "l:: YQpi", "l: a: b", "l: ")
    ]


def test_a_search_is_shown_as_a_command() -> None:
    search = Search(base="OU=a b", scope=Scope.SUBTREE, filter="(cn=x)", attributes=("cn", "sn"))
    assert as_command(search) == "ldapsearch -b 'OU=a b' -s sub '(cn=x)' cn sn"


def as_text(ldif: str) -> list[str]:
    return [line for line in ldif.splitlines() if not line.startswith("#")]
