"""A group's members, put together from the ranges in which a directory gives them."""

import re

from connect_worker.errors import IncompleteReadError
from connect_worker.targets.active_directory.answers import Entry
from connect_worker.targets.active_directory.entries import guid_of
from connect_worker.targets.active_directory.requests import Search

_RANGE = re.compile(r"member;range=(\d+)-(\d+|\*)")


class MemberList:
    """The members of one group, as far as they are read.

    Windows gives more than 1,500 values in ranges, `member;range=0-1499`, besides an empty `member`.
    """

    def __init__(self, group: Entry) -> None:
        """Begin with the group's own entry. Raises IncompleteReadError for a hole."""
        self.group = group
        self.complete = False
        self._values: list[bytes] = []
        self._begin(group)

    @property
    def next_range(self) -> Search:
        """What to ask while the list is not complete."""
        return Search(base=f"<GUID={guid_of(self.group)}>", attributes=(f"member;range={len(self._values)}-*",))

    @property
    def dns(self) -> frozenset[str]:
        """The members' names as the directory spells them."""
        return frozenset(value.decode("utf-8", "replace") for value in self._values)

    def add(self, answer: Entry | None) -> None:
        """Add what came for `next_range`. Raises IncompleteReadError for a hole, and for an answer without values."""
        if answer is None or not self._take_range(answer):
            raise self._hole("no further range")

    def _begin(self, group: Entry) -> None:
        if not self._take_range(group):
            self._values = group.attributes.get("member", [])
            self.complete = True

    def _take_range(self, entry: Entry) -> bool:
        """Whether there was a range."""
        for name, values in entry.attributes.items():
            if found := _RANGE.fullmatch(name):
                self._append(int(found[1]), found[2], values)
                return True
        return False

    def _append(self, first: int, last: str, values: list[bytes]) -> None:
        self.complete = last == "*"
        if first != len(self._values) or (not self.complete and len(values) != int(last) - first + 1):
            raise self._hole(f"{len(values)} values for the range {first}-{last}")
        self._values = [*self._values, *values]

    def _hole(self, found: str) -> IncompleteReadError:
        return IncompleteReadError(
            f"the members of {self.group.dn} from number {len(self._values)} on are missing: the answer has {found}",
            todo="Nothing was written. Run again: somebody may have changed the group meanwhile",
        )
