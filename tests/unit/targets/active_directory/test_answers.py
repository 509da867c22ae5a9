"""What a directory sends is read as ldap3 would write it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.protocol.controls import build_control
from ldap3.protocol.rfc2696 import paged_search_control
from ldap3.protocol.rfc4511 import (
    LDAPDN,
    Attribute,
    AttributeDescription,
    Controls,
    LDAPMessage,
    LDAPString,
    MessageID,
    PartialAttributeList,
    ProtocolOp,
    ResultCode,
    SearchResultDone,
    SearchResultEntry,
    Vals,
)
from ldap3.utils.asn1 import encode  # type: ignore[attr-defined]

from connect_worker.targets.active_directory.answers import (
    DONE,
    ENTRY,
    answer_of,
    entry_of,
    message_length,
    open_message,
)


def _message(kind: str, operation: Any, controls: tuple[Any, ...] = ()) -> bytes:
    message: Any = LDAPMessage()
    message["messageID"] = MessageID(70_000)
    message["protocolOp"] = ProtocolOp().setComponentByName(kind, operation)
    if controls:
        message["controls"] = Controls()
        for place, control in enumerate(controls):
            message["controls"][place] = control
    data: bytes = encode(message)
    return data


def _entry(dn: str, attributes: dict[str, list[bytes]]) -> bytes:
    operation: Any = SearchResultEntry()
    operation["object"] = LDAPDN(dn)
    operation["attributes"] = PartialAttributeList()
    for place, (name, values) in enumerate(attributes.items()):
        attribute: Any = Attribute()
        attribute["type"] = AttributeDescription(name)
        attribute["vals"] = Vals()
        for index, value in enumerate(values):
            attribute["vals"][index] = value
        operation["attributes"][place] = attribute
    return _message("searchResEntry", operation)


def _done(code: int, message: str, *controls: Any) -> bytes:
    operation: Any = SearchResultDone()
    operation["resultCode"] = ResultCode(code)
    operation["matchedDN"] = LDAPDN("")
    operation["diagnosticMessage"] = LDAPString(message)
    return _message("searchResDone", operation, controls)


names = st.text("abcXYZ", min_size=1, max_size=12)
attributes = st.dictionaries(names.map(str.lower), st.lists(st.binary(max_size=300), max_size=4), max_size=30)


@given(st.text(max_size=200), attributes)
def test_an_entry_comes_back_as_it_was_sent(dn: str, sent: dict[str, list[bytes]]) -> None:
    message = open_message(_entry(dn, sent))
    assert message.kind == ENTRY
    assert message.request_id == 70_000
    assert entry_of(message) == (dn, sent)


def test_the_names_of_attributes_are_lower_case() -> None:
    assert entry_of(open_message(_entry("CN=a", {"sAMAccountName": [b"A"]}))).attributes == {"samaccountname": [b"A"]}


def test_a_value_of_many_kilobytes_is_whole() -> None:
    values = [b"x" * 70_000, b"y" * 128]
    assert entry_of(open_message(_entry("CN=a", {"member": values}))).attributes["member"] == values


def test_the_end_of_a_search_tells_code_message_and_next_page() -> None:
    page: Any = paged_search_control(False, 0, b"\x01next")
    other: Any = build_control("1.2.3", True, b"value", encode_control_value=False)
    message = open_message(_done(4, "00002023: cut\x00", other, page))
    assert message.kind == DONE
    answer = answer_of(message, (), 2)
    assert (answer.code, answer.message, answer.cookie, answer.continuations) == (4, "00002023: cut", b"\x01next", 2)


def test_an_answer_that_does_not_speak_of_pages_has_no_cookie() -> None:
    assert answer_of(open_message(_done(0, "")), (), 0).cookie is None


def test_an_empty_cookie_is_the_last_page() -> None:
    page: Any = paged_search_control(False, 0, b"")
    assert answer_of(open_message(_done(0, "", page)), (), 0).cookie == b""


@pytest.mark.parametrize("message", [_done(0, ""), _done(0, "x" * 200), _done(0, "x" * 70_000)])
def test_the_length_is_known_once_the_head_is_there_and_not_before(message: bytes) -> None:
    head = next(size for size in range(len(message)) if message_length(message[:size], 0) is not None)
    assert head <= 6
    assert message_length(message + b"more", 0) == len(message)
    assert message_length(b"before" + message, 6) == len(message)
