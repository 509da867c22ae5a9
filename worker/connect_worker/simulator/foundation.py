"""A domain on its first day: its containers, its schema, and the accounts that every domain has."""

from collections.abc import Mapping

from connect_worker.simulator.creation import create
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.messages import Modification, ModificationKind
from connect_worker.simulator.modification import modify
from connect_worker.simulator.placement import TOMBSTONES
from connect_worker.simulator.tree import Tree

CONFIGURATION, SCHEMA = "CN=Configuration", "CN=Schema,CN=Configuration"
# As Windows has them on the first day, but for the days that one must be old to be changed.
_PASSWORD_RULES = {
    "minPwdLength": (b"7",),
    "pwdProperties": (b"1",),
    "pwdHistoryLength": (b"24",),
    "maxPwdAge": (b"-36288000000000",),
    "minPwdAge": (b"0",),
}
_ADMINISTRATOR, _DOMAIN_ADMINS, _DOMAIN_USERS = 500, 512, 513


def found_domain(tree: Tree, *, password: str) -> None:
    """Fill an empty tree: the Administrator signs in with `password`. Raises Refusal when that breaks the policy."""
    tree.root.values = {
        "objectClass": (b"top", b"domain", b"domainDNS"),
        "objectSid": (tree.sid(0)[:-4],),
        **_PASSWORD_RULES,
    }
    tree.stamp(tree.root)
    base = tree.base_dn
    for name in ("CN=Users", "CN=Computers", "CN=Builtin", CONFIGURATION, SCHEMA, TOMBSTONES):
        create(tree, f"{name},{base}", {"objectClass": (b"container",)})
    create(tree, f"OU=Domain Controllers,{base}", {"objectClass": (b"organizationalUnit",)})
    tree.find(f"{TOMBSTONES},{base}").values["isDeleted"] = (b"TRUE",)
    _define_attributes(tree)
    _create_principals(tree, password)


def _define_attributes(tree: Tree) -> None:
    """A client asks here which attributes the directory knows."""
    for attribute in tree.schema.attributes():
        shown = {"objectClass": (b"attributeSchema",), "lDAPDisplayName": (attribute.name.encode(),)}
        create(tree, f"CN={attribute.name},{SCHEMA},{tree.base_dn}", shown)


def _create_principals(tree: Tree, password: str) -> None:
    admins = _create_built_in(tree, "Domain Admins", _DOMAIN_ADMINS, {"objectClass": (b"group",)})
    _create_built_in(tree, "Domain Users", _DOMAIN_USERS, {"objectClass": (b"group",)})
    account = {
        "objectClass": (b"user",),
        "userAccountControl": (b"66048",),
        "unicodePwd": (f'"{password}"'.encode("utf-16-le"),),
    }
    administrator = _create_built_in(tree, "Administrator", _ADMINISTRATOR, account)
    joined = Modification(kind=ModificationKind.ADD, attribute="member", values=(administrator.dn.encode(),))
    modify(tree, admins, [joined], permissive=False)


def _create_built_in(tree: Tree, name: str, rid: int, given: Mapping[str, tuple[bytes, ...]]) -> Entry:
    entry = create(tree, f"CN={name},CN=Users,{tree.base_dn}", {"sAMAccountName": (name.encode(),), **given})
    entry.values["objectSid"] = (tree.sid(rid),)
    entry.values["isCriticalSystemObject"] = (b"TRUE",)
    if rid != _DOMAIN_USERS:
        entry.values["adminCount"] = (b"1",)
    return entry
