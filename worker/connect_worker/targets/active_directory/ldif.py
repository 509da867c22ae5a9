"""Requests as text that a person can read, and paste to ldapmodify or ldapsearch; secrets are left out."""

import base64
import re
import shlex
from collections.abc import Iterator

from connect_worker.core.prevention import prevented_by
from connect_worker.model.change import Adopt, Change, Modify
from connect_worker.model.secret import Secret
from connect_worker.targets.active_directory.attributes import DESCRIPTOR, Held
from connect_worker.targets.active_directory.requests import (
    AddEntry,
    Control,
    DeleteEntry,
    ModifyEntry,
    MoveEntry,
    Request,
    Search,
    WriteRequest,
)
from connect_worker.targets.active_directory.writing import request_of

_SECRETS = {"unicodepwd"}
# RFC 2849: anything else stands in base64.
_SAFE = re.compile(rb"(?![ :<])[\x01-\x09\x0b\x0c\x0e-\x7f]*(?<! )")


def change_as_ldif(change: Change) -> str:
    """The change for ldapmodify, its sentence above it. Account control is written as for an ordinary account.

    The rights on an object are written as a whole, after a look at them: that no line can say beforehand. An adoption
    is its sentence alone, for it writes nothing to the directory.
    """
    if isinstance(change, Adopt):
        return f"# {change.sentence}\n"
    if isinstance(change, Modify) and prevented_by(change) is not None:
        return f"# {change.sentence}\n# (two entries of {DESCRIPTOR}, which is read, edited and written back)\n"
    return f"# {change.sentence}\n{as_ldif(request_of(change, Held(), lambda _: Secret('')))}"


def as_ldif(request: WriteRequest) -> str:
    """The request as one LDIF record."""
    return "\n".join([*_name_lines(request.dn), *_control_lines(request), *_body(request)]) + "\n"


def as_command(request: Request) -> str:
    """The request as a command line; who signs in where is left to the reader."""
    if isinstance(request, Search):
        controls = (word for control in request.controls for word in ("-E", _as_option(control)))
        words = [
            "ldapsearch",
            *controls,
            "-b",
            request.base,
            "-s",
            request.scope.word,
            request.filter,
            *request.attributes,
        ]
        return shlex.join(words)
    return f"ldapmodify <<'.'\n{as_ldif(request)}."


def _body(request: WriteRequest) -> Iterator[str]:
    match request:
        case AddEntry():
            yield "changetype: add"
            for name, values in request.attributes:
                yield from _lines(name, values)
        case ModifyEntry():
            yield "changetype: modify"
            for one in request.modifications:
                yield f"{one.edit.value}: {one.attribute}"
                yield from _lines(one.attribute, one.values)
                yield "-"
        case MoveEntry():
            yield "changetype: modrdn"
            yield _line("newrdn", request.first_element.encode())
            yield "deleteoldrdn: 1"
            yield _line("newsuperior", request.parent.encode())
        case DeleteEntry():
            yield "changetype: delete"


def _control_lines(request: WriteRequest) -> Iterator[str]:
    for control in request.controls if isinstance(request, ModifyEntry) else ():
        content = f":: {_base64(control.content)}" if control.content is not None else ""
        yield f"control: {control.oid} true{content}"


def _as_option(control: Control) -> str:
    content = f"=::{_base64(control.content)}" if control.content is not None else ""
    return f"!{control.oid}{content}"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _name_lines(dn: str) -> Iterator[str]:
    """The name, and for people in a comment too where it has to stand in base64, as `<GUID=…>` must."""
    line = _line("dn", dn.encode())
    if line.startswith("dn::"):
        yield f"# dn: {dn}"
    yield line


def _lines(name: str, values: tuple[bytes, ...]) -> Iterator[str]:
    if name.lower() in _SECRETS:
        yield f"# {name}: ***"
        return
    for value in values:
        yield _line(name, value)


def _line(name: str, value: bytes) -> str:
    if _SAFE.fullmatch(value):
        return f"{name}: {value.decode('ascii')}"
    return f"{name}:: {_base64(value)}"
