"""One connection: who is signed in, and the answer to each of its requests."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from connect_worker.simulator import responses, security
from connect_worker.simulator.authentication import authenticate
from connect_worker.simulator.controls import START_TLS, WHO_AM_I, Wishes, page_control, read_controls
from connect_worker.simulator.creation import create
from connect_worker.simulator.dn import format_dn, parse_dn
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.filters import Equal
from connect_worker.simulator.matching import matches
from connect_worker.simulator.messages import (
    AddRequest,
    BindRequest,
    CompareRequest,
    DeleteRequest,
    ExtendedRequest,
    Message,
    ModifyRequest,
    RenameRequest,
    Request,
    Scope,
    SearchRequest,
)
from connect_worker.simulator.modification import modify
from connect_worker.simulator.password_change import change_of, change_password
from connect_worker.simulator.placement import delete, rename
from connect_worker.simulator.responses import ResponseTag
from connect_worker.simulator.results import Refusal, ResultCode, bad_name, unwilling
from connect_worker.simulator.rights import COMPUTED, Rights
from connect_worker.simulator.root_dse import describe
from connect_worker.simulator.search import Found, OpenPages, search
from connect_worker.simulator.selection import select
from connect_worker.simulator.tree import Tree
from connect_worker.simulator.values import Values

_VERSION = 3
_NEEDS_TLS = "0000001F"
_TAGS: dict[type[Request], ResponseTag] = {
    BindRequest: ResponseTag.BIND,
    SearchRequest: ResponseTag.SEARCH_DONE,
    ModifyRequest: ResponseTag.MODIFY,
    AddRequest: ResponseTag.ADD,
    DeleteRequest: ResponseTag.DELETE,
    RenameRequest: ResponseTag.RENAME,
    CompareRequest: ResponseTag.COMPARE,
    ExtendedRequest: ResponseTag.EXTENDED,
}
Spoil = Callable[[Found], Found]
"""What a planned fault makes of a search's answer."""


def unspoiled(found: Found) -> Found:
    """The answer as it is."""
    return found


class Session:
    """The state of one connection. `secure` tells whether TLS protects it.

    In the global catalog (`catalog`) a search below nothing is one below everything.
    """

    def __init__(self, tree: Tree, rights: Rights, *, secure: bool, catalog: bool = False) -> None:
        self.secure = secure
        self._catalog = catalog
        self._tree = tree
        self._rights = rights
        self._account: Entry | None = None
        self._pages = OpenPages(tree.policy.open_pages)

    def answer(self, message: Message, spoil: Spoil = unspoiled) -> bytes:
        """Perform a request; the encoded answer, or b"" for a request that has none.

        Raises MalformedError for controls that cannot be read.
        """
        try:
            return self._perform(message, read_controls(message.controls), spoil)
        except Refusal as refusal:
            return refuse(message, refusal)

    def _perform(self, message: Message, wishes: Wishes, spoil: Spoil) -> bytes:
        match message.request:
            case BindRequest() as request:
                self._bind(request)
            case SearchRequest() as request:
                return self._search(message.id, request, wishes, spoil)
            case ExtendedRequest() as request:
                return self._extended(message.id, request)
            case CompareRequest() as request:
                return self._compare(message.id, request)
            case AddRequest() as request:
                self._add(request)
            case ModifyRequest() as request:
                self._modify(request, wishes)
            case DeleteRequest() as request:
                delete(self._tree, self._writable(self._tree.find(request.name)))
            case RenameRequest() as request:
                self._rename(request)
            case _:
                return b""
        return responses.result(message.id, _TAGS[type(message.request)], ResultCode.SUCCESS)

    def _bind(self, request: BindRequest) -> None:
        self._account = None
        if request.version != _VERSION:
            raise Refusal(ResultCode.PROTOCOL_ERROR, "00002026: LdapErr: comment: only version 3 is spoken, data 0")
        if request.password is None:
            raise Refusal(ResultCode.AUTH_METHOD_NOT_SUPPORTED, "00002027: LdapErr: comment: simple binds only, data 0")
        if request.password:
            self._check_bind_is_protected()
            self._account = authenticate(self._tree, request.name, request.password)

    def _check_bind_is_protected(self) -> None:
        if not self.secure and not self._tree.policy.plain:
            raise Refusal(
                ResultCode.STRONGER_AUTH_REQUIRED,
                "00002028: LdapErr: DSID-0C090256, comment: The server requires binds to turn on integrity checking "
                "if SSL\\TLS are not already active on the connection, data 0, v4563",
            )

    def _search(self, number: int, request: SearchRequest, wishes: Wishes, spoil: Spoil) -> bytes:
        if not request.base and request.scope is Scope.BASE:
            return self._describe(number, request)
        if not self._rights.is_administrator(self._signed_in()):
            wishes = replace(wishes, deleted=False)
        if self._catalog and not request.base:
            request = replace(request, base=self._tree.base_dn)
        found = spoil(search(self._tree, request, wishes, self._pages))
        answer = [self._entry(number, request, entry, wishes) for entry in found.entries]
        answer += [responses.reference(number, url) for url in found.references]
        controls = b"" if found.cookie is None else page_control(found.cookie)
        answer.append(responses.result(number, ResponseTag.SEARCH_DONE, found.code, controls=controls))
        return b"".join(answer)

    def _describe(self, number: int, request: SearchRequest) -> bytes:
        wanted = {name.lower() for name in request.attributes}
        everything = not wanted or "*" in wanted
        shown = [(name, values) for name, values in describe(self._tree) if everything or name.lower() in wanted]
        done = responses.result(number, ResponseTag.SEARCH_DONE, ResultCode.SUCCESS)
        return responses.entry(number, "", shown) + done

    def _entry(self, number: int, request: SearchRequest, entry: Entry, wishes: Wishes) -> bytes:
        policy = self._tree.policy
        selected = select(
            self._tree.schema,
            entry,
            request.attributes,
            value_range=policy.value_range,
            types_only=request.types_only,
        )
        shown = [*selected, *self._computed(request, entry, wishes)]
        return responses.entry(number, entry.dn, shown)

    def _computed(self, request: SearchRequest, entry: Entry, wishes: Wishes) -> Iterable[tuple[str, Values]]:
        """Attributes that come only where they are named, and depend on who asks."""
        asked = {name.lower() for name in request.attributes}
        account = self._signed_in()
        if asked & COMPUTED:
            yield from (one for one in self._rights.computed(account, entry) if one[0].lower() in asked)
        if security.DESCRIPTOR.lower() in asked:
            may_audit = self._rights.is_administrator(account)
            owner = self._tree.root.values["objectSid"][0]
            yield from security.shown(entry, wishes.descriptor_parts, owner=owner, may_audit=may_audit)

    def _compare(self, number: int, request: CompareRequest) -> bytes:
        self._signed_in()
        entry = self._tree.find(request.name)
        equal = matches(self._tree, Equal(attribute=request.attribute, value=request.value), entry)
        code = ResultCode.COMPARE_TRUE if equal else ResultCode.COMPARE_FALSE
        return responses.result(number, ResponseTag.COMPARE, code)

    def _add(self, request: AddRequest) -> None:
        self._signed_in()
        self._writable(self._tree.find(_parent_of(request.name)))
        self._check_password_is_protected(request.attributes)
        create(self._tree, request.name, request.attributes)

    def _modify(self, request: ModifyRequest, wishes: Wishes) -> None:
        self._check_password_is_protected(change.attribute for change in request.modifications)
        change = change_of(request.modifications)
        if change is not None:
            self._signed_in()
            change_password(self._tree, self._tree.find(request.name), change)
            return
        entry = self._writable(self._tree.find(request.name))
        written = security.with_written_parts(entry, request.modifications, wishes.descriptor_parts)
        modify(self._tree, entry, written, permissive=wishes.permissive)

    def _rename(self, request: RenameRequest) -> None:
        entry = self._writable(self._tree.find(request.name))
        if request.new_parent is not None:
            self._writable(self._tree.find(request.new_parent))
        rename(self._tree, entry, request.new_rdn, delete_old=request.delete_old, new_parent=request.new_parent)

    def _extended(self, number: int, request: ExtendedRequest) -> bytes:
        """StartTLS is only agreed to here; whoever owns the connection shakes hands."""
        if request.oid == WHO_AM_I:
            value = responses.extension_value(self._name())
        elif request.oid == START_TLS:
            value = responses.extension_name(START_TLS)
        else:
            raise Refusal(
                ResultCode.PROTOCOL_ERROR,
                "0000203D: LdapErr: DSID-0C090FEA, comment: Unknown extended request OID, data 0, v4563",
            )
        return responses.result(number, ResponseTag.EXTENDED, ResultCode.SUCCESS, extension=value)

    def _name(self) -> str:
        if self._account is None:
            return ""
        return f"u:{self._tree.netbios_name}\\{self._account.values['sAMAccountName'][0].decode()}"

    def _signed_in(self) -> Entry:
        if self._account is None:
            raise Refusal(
                ResultCode.OPERATIONS_ERROR,
                "000004DC: LdapErr: DSID-0C090CF4, comment: In order to perform this operation a successful bind "
                "must be completed on the connection., data 0, v4563",
            )
        return self._account

    def _writable(self, entry: Entry) -> Entry:
        self._rights.check(self._signed_in(), entry)
        return entry

    def _check_password_is_protected(self, attributes: Iterable[str]) -> None:
        protected = self.secure or self._tree.policy.plain
        if not protected and any(name.lower() == "unicodepwd" for name in attributes):
            raise unwilling(_NEEDS_TLS)


def refuse(message: Message, refusal: Refusal) -> bytes:
    """The encoded answer that a request is not performed; b"" where it has no answer."""
    tag = _TAGS.get(type(message.request))
    if tag is None:
        return b""
    return responses.result(message.id, tag, refusal.code, refusal.message, matched=refusal.matched)


def _parent_of(name: str) -> str:
    try:
        return format_dn(parse_dn(name)[1:])
    except ValueError:
        raise bad_name(name) from None
