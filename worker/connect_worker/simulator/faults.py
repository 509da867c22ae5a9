"""Planned faults: what shall go wrong, with which request, and how often."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from connect_worker.simulator.messages import (
    AddRequest,
    BindRequest,
    CompareRequest,
    DeleteRequest,
    ExtendedRequest,
    ModifyRequest,
    RenameRequest,
    Request,
    SearchRequest,
)
from connect_worker.simulator.results import ResultCode
from connect_worker.simulator.search import Found


class Operation(Enum):
    """The kinds of requests that a fault can hit."""

    BIND = BindRequest
    SEARCH = SearchRequest
    ADD = AddRequest
    MODIFY = ModifyRequest
    DELETE = DeleteRequest
    RENAME = RenameRequest
    COMPARE = CompareRequest
    EXTENDED = ExtendedRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class DropBefore:
    """The connection breaks, and the request was not performed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DropAfter:
    """The connection breaks after the request was performed; nobody hears of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delay:
    """The answer comes late."""

    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """The request is performed, and answered, once the plan is cleared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refuse:
    """The request is not performed, with this result."""

    code: ResultCode
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CutPage:
    """A search returns `entries` objects and claims that there are no more."""

    entries: int

    def spoil(self, found: Found) -> Found:
        """The cut answer."""
        return replace(found, entries=found.entries[: self.entries], cookie=None if found.cookie is None else b"")


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitSize:
    """A search returns `entries` objects and says that there are more."""

    entries: int

    def spoil(self, found: Found) -> Found:
        """The limited answer."""
        return Found(entries=found.entries[: self.entries], code=ResultCode.SIZE_LIMIT_EXCEEDED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refer:
    """A search also returns a place elsewhere, where it would have to go on."""

    url: str

    def spoil(self, found: Found) -> Found:
        """The answer with the reference."""
        return replace(found, references=(*found.references, self.url))


Action = DropBefore | DropAfter | Delay | Hold | Refuse | CutPage | LimitSize | Refer


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """`action` hits `times` requests (None: all) of that operation whose name holds `name`, after the first `after`.

    The name of a search is its base, that of a bind the account's; case does not matter.
    """

    operation: Operation
    action: Action
    name: str = ""
    after: int = 0
    times: int | None = 1

    def hits(self, request: Request) -> bool:
        """Whether it is a request of that kind and name."""
        return isinstance(request, self.operation.value) and self.name.lower() in _name_of(request).lower()


class FaultPlan:
    """The faults that are still to come; counts the requests that each has seen."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._seen: dict[Fault, int] = dict.fromkeys(faults, 0)

    def add(self, fault: Fault) -> None:
        """Plan one more."""
        self._seen[fault] = 0

    def clear(self) -> None:
        """From now on all goes well."""
        self._seen.clear()

    def plans(self, action: Action) -> bool:
        """Whether the plan has not been cleared since."""
        return any(fault.action == action for fault in list(self._seen))

    def next(self, request: Request) -> Action | None:
        """What shall go wrong with this request; the first fault that was planned wins."""
        chosen: Action | None = None
        for fault in [fault for fault in self._seen if fault.hits(request)]:
            seen = self._seen[fault]
            self._seen[fault] = seen + 1
            if chosen is None and seen >= fault.after and (fault.times is None or seen < fault.after + fault.times):
                chosen = fault.action
        return chosen


def _name_of(request: Request) -> str:
    match request:
        case SearchRequest():
            return request.base
        case ExtendedRequest():
            return request.oid
        case BindRequest() | AddRequest() | ModifyRequest() | DeleteRequest() | RenameRequest() | CompareRequest():
            return request.name
    return ""
