"""The one request that makes a change. Pure: what must be known of the object comes in."""

from collections.abc import Iterator

from connect_worker.core import dn as names
from connect_worker.core.access_list import allowing, denying
from connect_worker.model.change import (
    AddMembers,
    Adopt,
    AttributeChange,
    Change,
    CreateContainer,
    CreateGroup,
    CreateUser,
    Delete,
    Disable,
    Enable,
    Modify,
    RemoveMembers,
    Rename,
    SetPassword,
)
from connect_worker.model.ids import Guid
from connect_worker.model.secret import Secret
from connect_worker.targets.active_directory.attributes import (
    ACCOUNT_CONTROL,
    ADDRESSES,
    DESCRIPTOR,
    DISABLED,
    EXTENSIONS,
    GLOBAL_SECURITY_GROUP,
    MEMBER,
    NEVER_EXPIRES,
    NORMAL_ACCOUNT,
    PASSWORD,
    PASSWORD_LAST_SET,
    TEXT,
    Held,
    address_values,
    password_value,
    switched,
    text_values,
)
from connect_worker.targets.active_directory.requests import (
    AddEntry,
    Control,
    DeleteEntry,
    Edit,
    Modification,
    ModifyEntry,
    MoveEntry,
    WriteRequest,
)
from connect_worker.targets.base import Passwords

_NAMES = {**TEXT, **EXTENSIONS}
_USER_CLASSES = (b"top", b"person", b"organizationalPerson", b"user")


def target_of(guid: Guid | None, dn: str) -> str:
    """The name to reach an object by: its GUID where it is known, so that a rename in between hits no other one."""
    return f"<GUID={guid}>" if guid is not None else dn


def needs_held(change: Change) -> bool:
    """Whether the request depends on what the object holds."""
    match change:
        case Disable() | Enable():
            return True
        case SetPassword():
            return change.must_change_password
        case Modify():
            return any(one.attribute in {"addresses", "password_never_expires"} for one in change.attributes)
    return False


def request_of(change: Change, held: Held, passwords: Passwords) -> WriteRequest:  # noqa: PLR0911 - one for each kind
    """The request that makes the change; a modification without edits where nothing is left to do."""
    match change:
        case Adopt():
            return ModifyEntry(dn=target_of(change.guid, change.dn), modifications=())
        case CreateContainer():
            return AddEntry(dn=change.dn, attributes=(("objectClass", (b"top", b"organizationalUnit")),))
        case CreateUser():
            return AddEntry(dn=change.dn, attributes=tuple(_user(change, passwords(change.key))))
        case CreateGroup():
            return AddEntry(dn=change.dn, attributes=tuple(_group(change)))
        case Rename():
            return _move(change)
        case AddMembers() | RemoveMembers():
            return members_request(change, tuple(member.dn for member in change.members))
        case Delete():
            return DeleteEntry(dn=target_of(change.guid, change.dn))
        case Modify() | Disable() | Enable() | SetPassword():
            edits = tuple(_edits(change, held, passwords))
            return ModifyEntry(dn=target_of(change.guid, change.dn), modifications=edits)


def members_request(change: AddMembers | RemoveMembers, dns: tuple[str, ...]) -> ModifyEntry:
    """Only these members, never the whole list: what others add or remove at the same time stays."""
    edit = Edit.ADD if isinstance(change, AddMembers) else Edit.DELETE
    return ModifyEntry(
        dn=target_of(change.guid, change.dn),
        modifications=(Modification(edit=edit, attribute=MEMBER, values=tuple(dn.encode() for dn in dns)),),
        permissive=True,
    )


def control_of_new_user(change: CreateUser) -> int:
    """A user starts enabled. Who must change the password gets a password that expires until then (ruling 26)."""
    forever = change.login.password_never_expires and not change.must_change_password
    return switched(NORMAL_ACCOUNT, on=NEVER_EXPIRES if forever else 0)


def prevention_request(target: str, descriptor: bytes, *, prevented: bool) -> ModifyEntry:
    """Deny, or allow again, that the user changes his password. Raises ValueError for rights that are not understood.

    Of an access list no part can be written: who changes the same rights in the same instant is overwritten.
    """
    edited = denying(descriptor) if prevented else allowing(descriptor)
    edits = () if edited == descriptor else (_replace(DESCRIPTOR, (edited,)),)
    return ModifyEntry(dn=target, modifications=edits, controls=(Control.ACCESS_LIST,))


def _user(change: CreateUser, password: Secret) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    yield "objectClass", _USER_CLASSES
    for field, name in TEXT.items():
        values = text_values(getattr(change.login, field, None) or getattr(change.profile, field, None))
        # The manager may be created in this wave too, and follows when everybody exists.
        if values and field != "manager":
            yield name, values
    for name, value in zip(EXTENSIONS.values(), change.extension_attributes, strict=True):
        if value:
            yield name, text_values(value)
    if addresses := address_values(change.login.addresses, ()):
        yield ADDRESSES, addresses
    yield PASSWORD, (password_value(password),)
    yield ACCOUNT_CONTROL, (_number(control_of_new_user(change)),)
    if change.must_change_password:
        yield PASSWORD_LAST_SET, (b"0",)


def _group(change: CreateGroup) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    yield "objectClass", (b"top", b"group")
    yield "groupType", (GLOBAL_SECURITY_GROUP,)
    for field in ("sam_account_name", "display_name", "description", "info"):
        if values := text_values(getattr(change, field)):
            yield TEXT[field], values


def _move(change: Rename) -> MoveEntry:
    """The parent is named where it stays the same too: Samba does not know the one of an object named by GUID."""
    first_element, parent = names.split(change.new_dn)
    return MoveEntry(dn=target_of(change.guid, change.dn), first_element=first_element, parent=parent)


def _edits(change: Modify | Disable | Enable | SetPassword, held: Held, passwords: Passwords) -> Iterator[Modification]:
    match change:
        case Disable():
            yield from _control(held, switched(held.account_control, on=DISABLED))
        case Enable():
            yield from _control(held, switched(held.account_control, off=DISABLED))
        case SetPassword():
            yield _replace(PASSWORD, (password_value(passwords(change.key)),))
            if change.must_change_password:
                yield _replace(PASSWORD_LAST_SET, (b"0",))
                # A password that never expires need not be changed either: the bit returns once it was (ruling 26).
                yield from _control(held, switched(held.account_control, off=NEVER_EXPIRES))
        case Modify():
            for one in change.attributes:
                yield from _attribute(one, held)


def _attribute(change: AttributeChange, held: Held) -> Iterator[Modification]:
    after = change.after
    if change.attribute == "password_never_expires":
        switch = {"on": NEVER_EXPIRES} if after else {"off": NEVER_EXPIRES}
        yield from _control(held, switched(held.account_control, **switch))
    elif change.attribute == "addresses":
        addresses = after if isinstance(after, tuple) else ()
        yield _replace(ADDRESSES, address_values(addresses, held.foreign_addresses))
    else:
        yield _replace(_NAMES[change.attribute], text_values(after))


def _control(held: Held, wanted: int) -> Iterator[Modification]:
    """The old value goes and the new one comes: refused if somebody else has written another one meanwhile."""
    if wanted != held.account_control:
        for edit, value in ((Edit.DELETE, held.account_control), (Edit.ADD, wanted)):
            yield Modification(edit=edit, attribute=ACCOUNT_CONTROL, values=(_number(value),))


def _replace(attribute: str, values: tuple[bytes, ...]) -> Modification:
    return Modification(edit=Edit.REPLACE, attribute=attribute, values=values)


def _number(value: int) -> bytes:
    return str(value).encode()
