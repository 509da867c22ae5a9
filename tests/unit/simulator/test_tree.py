"""The directory's objects: where they are, what they are linked to, and what is kept of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.simulator.creation import create
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.messages import Modification, ModificationKind
from connect_worker.simulator.modification import modify
from connect_worker.simulator.placement import delete, rename
from connect_worker.simulator.results import Refusal, ResultCode
from connect_worker.simulator.storage import load, save
from connect_worker.simulator.tree import Tree

BASE = "DC=school,DC=test"
Creator = Callable[..., Entry]


@pytest.fixture
def user(tree: Tree) -> Creator:
    def create_user(name: str, parent: str = BASE, **values: bytes) -> Entry:
        given = {key: (value,) for key, value in values.items()}
        return create(tree, f"CN={name},{parent}", {"objectClass": (b"user",), **given})

    return create_user


@pytest.fixture
def unit(tree: Tree) -> Creator:
    def create_unit(name: str, parent: str = BASE) -> Entry:
        return create(tree, f"OU={name},{parent}", {"objectClass": (b"organizationalUnit",)})

    return create_unit


def _replace(tree: Tree, entry: Entry, attribute: str, *values: bytes) -> None:
    change = Modification(kind=ModificationKind.REPLACE, attribute=attribute, values=values)
    modify(tree, entry, [change], permissive=False)


def test_an_object_is_found_by_every_name_that_it_has(tree: Tree, user: Creator) -> None:
    anna = user("Anna", sAMAccountName=b"S.1", userPrincipalName=b"anna@school.test")
    found = [
        tree.look_up("cn=ANNA,dc=school,dc=test"),
        tree.look_up(f"<GUID={anna.guid}>"),
        tree.look_up(f"<guid={anna.guid.bytes_le.hex()}>"),
        tree.account("s.1"),
        tree.principal("ANNA@school.test"),
    ]
    assert found == [anna] * 5


def test_names_above_the_domain_are_no_objects(tree: Tree) -> None:
    assert tree.look_up("DC=test") is None
    assert tree.look_up("DC=other") is None


def test_a_missing_object_s_nearest_one_is_named(tree: Tree, unit: Creator) -> None:
    unit("unit")
    with pytest.raises(Refusal) as refused:
        tree.find(f"CN=x,OU=missing,OU=unit,{BASE}")
    assert (refused.value.code, refused.value.matched) == (ResultCode.NO_SUCH_OBJECT, f"OU=unit,{BASE}")


def test_links_follow_whatever_moves(tree: Tree, user: Creator, unit: Creator) -> None:
    school, archive = unit("school"), unit("archive")
    anna = user("Anna", school.dn)
    group = create(tree, f"CN=3a,{school.dn}", {"objectClass": (b"group",), "member": (anna.dn.encode(),)})
    rename(tree, school, "OU=renamed", delete_old=True, new_parent=archive.dn)
    assert group.read("member") == (f"CN=Anna,OU=renamed,OU=archive,{BASE}".encode(),)
    assert anna.read("memberOf") == (f"CN=3a,OU=renamed,OU=archive,{BASE}".encode(),)


def test_a_refused_change_changes_nothing(tree: Tree, user: Creator) -> None:
    anna = user("Anna", title=b"x")
    before = dict(anna.values)
    changes = [
        Modification(kind=ModificationKind.REPLACE, attribute="title", values=(b"y",)),
        Modification(kind=ModificationKind.REPLACE, attribute="shoeSize", values=(b"44",)),
    ]
    with pytest.raises(Refusal):
        modify(tree, anna, changes, permissive=False)
    assert anna.values == before


def test_what_makes_no_difference_leaves_no_trace(tree: Tree, user: Creator) -> None:
    anna = user("Anna", title=b"x")
    usn = tree.usn
    _replace(tree, anna, "title", b"x")
    assert tree.usn == usn


def test_a_changed_account_name_frees_the_old_one(tree: Tree, user: Creator) -> None:
    anna = user("Anna", sAMAccountName=b"old")
    _replace(tree, anna, "sAMAccountName", b"new")
    assert (tree.account("old"), tree.account("new")) == (None, anna)


def test_a_tombstone_is_found_on_request_only(tree: Tree, user: Creator) -> None:
    anna = user("Anna", sAMAccountName=b"S.1")
    delete(tree, anna)
    name = f"<GUID={anna.guid}>"
    assert (tree.look_up(name), tree.look_up(name, deleted=True), tree.account("S.1")) == (None, anna, None)


def test_two_of_a_name_are_buried_side_by_side(tree: Tree, user: Creator) -> None:
    for _ in range(2):
        delete(tree, user("Anna"))
    graves = tree.find(f"CN=Deleted Objects,{BASE}", deleted=True).children
    assert len(graves) == 2


def test_a_saved_directory_comes_back_as_it_was(tree: Tree, user: Creator, tmp_path: Path) -> None:
    anna = user("Anna", unicodePwd='"Gr8.Morgenrot"'.encode("utf-16-le"), objectClass=b"user")
    create(tree, f"CN=3a,{BASE}", {"objectClass": (b"group",), "member": (anna.dn.encode(),)})
    delete(tree, user("Gone"))
    save(tree, tmp_path / "directory.json")
    restored = Tree(BASE)
    load(restored, tmp_path / "directory.json")
    assert [_shape(entry) for entry in restored.entries] == [_shape(entry) for entry in tree.entries]
    assert (restored.usn, restored.next_sid()) == (tree.usn, tree.next_sid())


def test_a_saved_directory_holds_no_password_in_the_clear(tree: Tree, user: Creator, tmp_path: Path) -> None:
    user("Anna", unicodePwd='"Gr8.Morgenrot"'.encode("utf-16-le"))
    save(tree, tmp_path / "directory.json")
    assert "Morgenrot" not in (tmp_path / "directory.json").read_text()
    assert (tmp_path / "directory.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "{}", '{"format": 1, "base": "DC=other"}', "[]"])
def test_another_file_is_refused_with_its_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "directory.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"directory\.json"):
        load(Tree(BASE), tmp_path / "directory.json")


def _shape(entry: Entry) -> tuple[object, ...]:
    return entry.dn, entry.guid, entry.kind, entry.values, entry.password, entry.read("member"), entry.read("memberOf")
