"""Searches: which objects are found, and how many of them an answer holds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connect_worker.simulator.controls import Page, Wishes
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.foundation import CONFIGURATION
from connect_worker.simulator.matching import candidates, matches
from connect_worker.simulator.messages import Scope, SearchRequest
from connect_worker.simulator.results import ResultCode, unwilling
from connect_worker.simulator.tree import Tree

_BAD_COOKIE = "00000057"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The answer to a search. `cookie` leads to the next page; empty after the last, None without pages."""

    entries: tuple[Entry, ...]
    references: tuple[str, ...] = ()
    code: ResultCode = ResultCode.SUCCESS
    cookie: bytes | None = None


class OpenPages:
    """The searches of one connection whose next page may still be asked for; the oldest give way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._given = 0
        self._rest: dict[bytes, tuple[Entry, ...]] = {}

    def keep(self, rest: tuple[Entry, ...]) -> bytes:
        """Keep what is left of a search; the cookie is the way back to it."""
        self._given += 1
        cookie = str(self._given).encode()
        self._rest[cookie] = rest
        while len(self._rest) > self._most:
            del self._rest[next(iter(self._rest))]
        return cookie

    def take(self, cookie: bytes) -> tuple[Entry, ...]:
        """What is left of the search. Raises Refusal for a cookie that is not, or no longer, known."""
        if cookie not in self._rest:
            raise unwilling(_BAD_COOKIE)
        return self._rest.pop(cookie)


def search(tree: Tree, request: SearchRequest, wishes: Wishes, pages: OpenPages) -> Found:
    """Find objects. Without pages at most the directory's limit are returned, with LDAP's sizeLimitExceeded.

    Raises Refusal where the base does not exist.
    """
    if wishes.page is not None:
        return _page(tree, request, wishes, wishes.page, pages)
    found = tuple(_matching(tree, request, wishes))
    most = min(tree.policy.page_size, request.size_limit or tree.policy.page_size)
    return Found(
        entries=found[:most],
        references=_references(tree, request, wishes),
        code=ResultCode.SIZE_LIMIT_EXCEEDED if len(found) > most else ResultCode.SUCCESS,
    )


def _page(tree: Tree, request: SearchRequest, wishes: Wishes, page: Page, pages: OpenPages) -> Found:
    found = pages.take(page.cookie) if page.cookie else tuple(_matching(tree, request, wishes))
    if page.size == 0:
        return Found(entries=(), cookie=b"")
    size = min(page.size, tree.policy.page_size)
    present = tuple(entry for entry in found[:size] if wishes.deleted or not entry.deleted)
    if len(found) > size:
        return Found(entries=present, cookie=pages.keep(found[size:]))
    return Found(entries=present, references=_references(tree, request, wishes), cookie=b"")


def _matching(tree: Tree, request: SearchRequest, wishes: Wishes) -> Iterator[Entry]:
    base = tree.find(request.base, deleted=wishes.deleted)
    for entry in _in_scope(tree, request, base):
        if (wishes.deleted or not entry.deleted) and matches(tree, request.filter, entry):
            yield entry


def _in_scope(tree: Tree, request: SearchRequest, base: Entry) -> Iterable[Entry]:
    configuration = tree.look_up(f"{CONFIGURATION},{tree.base_dn}")
    elsewhere = configuration if configuration is not None and not base.is_below(configuration) else None
    match request.scope:
        case Scope.BASE:
            return (base,)
        case Scope.ONE_LEVEL:
            return [entry for entry in base.children.values() if entry is not elsewhere]
    found = candidates(tree, request.filter)
    if found is None:
        return base.descendants(without=elsewhere)
    return [entry for entry in found if entry.is_below(base) and (elsewhere is None or not entry.is_below(elsewhere))]


def _references(tree: Tree, request: SearchRequest, wishes: Wishes) -> tuple[str, ...]:
    """From the domain's root a search would go on in the configuration, which is a naming context of its own."""
    if wishes.domain_only or request.scope is not Scope.SUBTREE or tree.look_up(request.base) is not tree.root:
        return ()
    return (f"ldap://{tree.dns_name}/{CONFIGURATION},{tree.base_dn}",)
