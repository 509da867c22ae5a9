"""Links between objects: members, managers, and the back links that follow from them."""

from collections.abc import Iterable

from connect_worker.simulator.accounts import GroupFlag
from connect_worker.simulator.draft import Draft
from connect_worker.simulator.entry import Entry, Links
from connect_worker.simulator.results import (
    Problem,
    Refusal,
    ResultCode,
    bad_syntax,
    constraint,
    entry_exists,
    no_such_attribute,
    unwilling,
    value_exists,
)
from connect_worker.simulator.schema import Attribute
from connect_worker.simulator.tree import Tree
from connect_worker.simulator.values import Values

_NO_SUCH_ACCOUNT, _NO_SUCH_NAME = "00000525", "000020B5"
_ALREADY_A_MEMBER, _NOT_A_MEMBER = "00000562", "00000561"
_NO_LOCAL_IN_GLOBAL, _NO_UNIVERSAL_IN_GLOBAL, _NO_LOCAL_IN_UNIVERSAL = "00002144", "00002145", "00002146"


def resolve(tree: Tree, draft: Draft, attribute: Attribute, values: Values) -> list[Entry]:
    """The objects that link values name. Raises Refusal where one does not exist or may not be linked."""
    targets = [_target(tree, attribute, value) for value in values]
    if attribute.name == "member":
        for target in targets:
            _check_nesting(draft, target)
    return targets


def add(links: Links, attribute: Attribute, targets: Iterable[Entry], *, permissive: bool) -> None:
    """Add links. Raises Refusal for one that is there, unless `permissive`, and for a second where only one may be."""
    for target in targets:
        if target not in links:
            links[target] = None
        elif not permissive:
            raise entry_exists(_ALREADY_A_MEMBER) if attribute.name == "member" else value_exists(attribute.name)
    if attribute.single and len(links) > 1:
        raise value_exists(attribute.name)


def remove(links: Links, attribute: Attribute, targets: Iterable[Entry], *, permissive: bool) -> None:
    """Remove links. Raises Refusal for one that is not there, unless `permissive`."""
    for target in targets:
        if target in links:
            del links[target]
        elif not permissive:
            raise unwilling(_NOT_A_MEMBER) if attribute.name == "member" else no_such_attribute(attribute.name)


def connect(entry: Entry, links: dict[str, Links]) -> None:
    """Give an object these links, and the objects at their other ends the back links."""
    for name in {*entry.links, *links}:
        before, after = entry.links.get(name, {}), links.get(name, {})
        for target in before.keys() - after.keys():
            del target.back_links[name][entry]
        for target in after:
            if target not in before:
                target.back_links.setdefault(name, {})[entry] = None
    entry.links = links


def disconnect(entry: Entry) -> None:
    """Cut every link from and to an object that is being deleted."""
    connect(entry, {})
    for name, sources in entry.back_links.items():
        for source in sources:
            del source.links[name][entry]
    entry.back_links = {}


def _target(tree: Tree, attribute: Attribute, value: bytes) -> Entry:
    try:
        name = value.decode()
    except UnicodeDecodeError:
        raise bad_syntax() from None
    found = tree.look_up(name)
    if found is None:
        raise _missing(attribute)
    return found


def _missing(attribute: Attribute) -> Refusal:
    if attribute.name != "member":
        return constraint(_NO_SUCH_NAME, attribute.name)
    return Refusal(
        ResultCode.NO_SUCH_OBJECT,
        f"{_NO_SUCH_ACCOUNT}: NameErr: DSID-031A1261, problem {Problem.NO_OBJECT:d} (NO_OBJECT), data 0, "
        "best match of:\n\t''\n",
    )


def _check_nesting(draft: Draft, target: Entry) -> None:
    """Which kinds of groups may be members of which."""
    if target.kind.name != "group" or draft.kind.name != "group":
        return
    outer = draft.number("groupType") or GroupFlag.GLOBAL
    inner = target.number("groupType")
    if outer & GroupFlag.GLOBAL and inner & GroupFlag.DOMAIN_LOCAL:
        raise unwilling(_NO_LOCAL_IN_GLOBAL)
    if outer & GroupFlag.GLOBAL and inner & GroupFlag.UNIVERSAL:
        raise unwilling(_NO_UNIVERSAL_IN_GLOBAL)
    if outer & GroupFlag.UNIVERSAL and inner & GroupFlag.DOMAIN_LOCAL:
        raise unwilling(_NO_LOCAL_IN_UNIVERSAL)
