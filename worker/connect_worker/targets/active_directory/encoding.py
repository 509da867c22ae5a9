"""Requests as bytes on the wire, written by ldap3."""

from collections.abc import Sequence
from typing import Any

from ldap3 import MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE
from ldap3.operation import add, delete, modify, modifyDn, search
from ldap3.protocol.convert import build_controls_list
from ldap3.protocol.rfc2696 import paged_search_control
from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
from ldap3.utils.asn1 import encode  # type: ignore[attr-defined]  # missing in its stubs

from connect_worker.targets.active_directory.requests import (
    AddEntry,
    Control,
    DeleteEntry,
    Edit,
    ModifyEntry,
    MoveEntry,
    Request,
    Search,
)

# (object identifier, critical, value): both are understood by Windows; who does not know them may do without.
DOMAIN_SCOPE = ("1.2.840.113556.1.4.1339", False, None)
PERMISSIVE_MODIFY = ("1.2.840.113556.1.4.1413", False, None)
_EDITS = {Edit.ADD: MODIFY_ADD, Edit.DELETE: MODIFY_DELETE, Edit.REPLACE: MODIFY_REPLACE}

# ldap3's functions are untyped: they are called through Any.
_add: Any = add.add_operation
_delete: Any = delete.delete_operation
_modify: Any = modify.modify_operation
_move: Any = modifyDn.modify_dn_operation
_search: Any = search.search_operation
_controls: Any = build_controls_list
_page_control: Any = paged_search_control


def encoded(request_id: int, request: Request) -> bytes:
    """The whole message. A page control is critical: a server without pages must refuse, not cut."""
    name, operation, controls = _operation(request)
    message: Any = LDAPMessage()
    message["messageID"] = MessageID(request_id)
    message["protocolOp"] = ProtocolOp().setComponentByName(name, operation)
    if controls:
        message["controls"] = _controls(controls)
    data: bytes = encode(message)
    return data


def _operation(request: Request) -> tuple[str, Any, Sequence[Any]]:
    match request:
        case AddEntry():
            values = {name: list(values) for name, values in request.attributes}
            return "addRequest", _add(request.dn, values, auto_encode=False), ()
        case ModifyEntry():
            permissive = (PERMISSIVE_MODIFY,) if request.permissive else ()
            controls = (*permissive, *map(_control, request.controls))
            return "modifyRequest", _modify(request.dn, _edits(request), auto_encode=False), controls
        case MoveEntry():
            return "modDNRequest", _move(request.dn, request.first_element, True, request.parent), ()
        case DeleteEntry():
            return "delRequest", _delete(request.dn), ()
        case Search():
            return "searchRequest", _search_operation(request), _search_controls(request)


def _edits(request: ModifyEntry) -> dict[str, list[tuple[str, list[bytes]]]]:
    """As ldap3 wants them; the edits of one attribute keep their order."""
    edits: dict[str, list[tuple[str, list[bytes]]]] = {}
    for one in request.modifications:
        edits.setdefault(one.attribute, []).append((_EDITS[one.edit], list(one.values)))
    return edits


def _search_operation(request: Search) -> Any:
    return _search(
        request.base,
        request.filter,
        request.scope.value,
        dereference_aliases=0,
        attributes=list(request.attributes),
        size_limit=0,
        time_limit=0,
        types_only=False,
        auto_escape=False,
        auto_encode=False,
    )


def _search_controls(request: Search) -> Sequence[Any]:
    controls = (DOMAIN_SCOPE, *map(_control, request.controls))
    if request.page is None:
        return controls
    return (*controls, _page_control(True, request.page, request.cookie))


def _control(control: Control) -> tuple[str, bool, bytes | None]:
    return (control.oid, True, control.content)
