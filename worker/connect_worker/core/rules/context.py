"""What a rule may look at beyond its own record: built once a validation, in linear time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from connect_worker.core.dn import domain_of
from connect_worker.core.employee_ids import identity_of
from connect_worker.model.account import Account
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKey
from connect_worker.model.finding import Note, NoteCode
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, Guid, Mandant
from connect_worker.model.state import NameKind, ReservedName, State, TakeOver


def folded(name: str) -> str:
    """Fold a name for comparison as SQL Server's usual collation does: case and trailing blanks do not count.

    Accents do, whether they are one sign with their letter or follow it. `ß` equals `ss`, the Turkish dotless `ı` is
    no `i`.
    """
    plain = name.rstrip(" ").casefold()
    return plain if plain.isascii() else normalize("NFC", plain)


Record = Account | Group


@dataclass(frozen=True, kw_only=True, slots=True)
class Clash:
    """A record's name that another holds as well: a record of Connect, or an object in the directory."""

    name: str
    other: ObjectKey | Guid


Clashes = Mapping[ObjectKey, Clash]
"""One clash of each record that has any."""


Notes = Mapping[tuple[ObjectKey, NoteCode], str]
"""What the update has noted of a record."""


Holding = tuple[Record, str]
"""A record and one of its names, as it spells it."""


class Holders:
    """Which records hold which name."""

    __slots__ = ("_first", "_shared")

    def __init__(self, holdings: Iterable[Holding]) -> None:
        """Take every name of every record, a record's own ones together."""
        self._first: dict[str, Holding] = {}
        self._shared: dict[str, list[Holding]] = {}
        for holding in holdings:
            name = folded(holding[1])
            first = self._first.setdefault(name, holding)
            if first[0] is not holding[0]:
                self._shared.setdefault(name, [first]).append(holding)

    def clashes(self) -> Clashes:
        """Find the records that share a name with another one."""
        found: dict[ObjectKey, Clash] = {}
        for holdings in self._shared.values():
            (first, _), (second, _) = holdings[:2]
            for record, name in holdings:
                other = second if record is first else first
                found.setdefault(record.key, Clash(name=name, other=other.key))
        return found

    def held_by(self, objects: Iterable[ReservedName], kind: NameKind) -> Iterator[tuple[Record, Clash]]:
        """Find the records whose names of this kind objects in the directory hold, object by object."""
        for held in objects:
            if held.kind is kind and held.guid is not None:
                for record, name in self._holdings(folded(held.name)):
                    yield record, Clash(name=name, other=held.guid)

    def _holdings(self, name: str) -> Sequence[Holding]:
        if name in self._shared:
            return self._shared[name]
        return (self._first[name],) if name in self._first else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What is configured and relaxed, the domain that everything stands in, the names that clash, the update's notes.

    `relaxed` are codes that hold up their own record only.
    """

    configured: frozenset[Mandant]
    relaxed: frozenset[int]
    domain: str
    user_dn_first_elements: Clashes
    group_dn_first_elements: Clashes
    user_sam_account_names: Clashes
    sam_account_names: Clashes
    addresses: Clashes
    held_outside: Clashes
    notes: Notes
    waiting: Mapping[AccountKey, TakeOver]

    @classmethod
    def of(cls, state: State, configuration: Configuration, notes: Iterable[Note] = ()) -> "Context":
        """Gather it from all rows of both tables, whatever their status: a name held is held."""
        users, groups = state.accounts, state.groups
        user_sams = [(user, sam) for user in users if (sam := user.names.sam_account_name) is not None]
        group_sams = [(group, sam) for group in groups if (sam := group.sam_account_name) is not None]
        user_dns = ((user, dn) for user in users if (dn := user.names.dn_first_element) is not None)
        group_dns = ((group, dn) for group in groups if (dn := group.dn_first_element) is not None)
        sams = Holders((*user_sams, *group_sams))
        addresses = Holders((user, address) for user in users for address in _addresses(user))
        return cls(
            configured=frozenset(mandant.number for mandant in configuration.mandants),
            relaxed=configuration.relaxed_warnings,
            domain=domain_of(configuration.base_dn),
            user_dn_first_elements=Holders(user_dns).clashes(),
            group_dn_first_elements=Holders(group_dns).clashes(),
            user_sam_account_names=Holders(user_sams).clashes(),
            sam_account_names=sams.clashes(),
            addresses=addresses.clashes(),
            held_outside=_held_outside(state, sams, addresses),
            notes={(note.key, note.code): note.found for note in notes},
            waiting={row.key: row for row in state.take_overs},
        )


def _held_outside(state: State, sams: Holders, addresses: Holders) -> Clashes:
    linked = {record.object_guid for record in state.records}
    foreign = [name for name in state.reserved if name.guid is not None and name.guid not in linked]
    found: dict[ObjectKey, Clash] = {}
    for record, clash in (*sams.held_by(foreign, NameKind.SAM), *addresses.held_by(foreign, NameKind.ADDRESS)):
        found.setdefault(record.key, clash)
    for user, clash in _accounts_of_before(state, foreign):
        found.setdefault(user.key, clash)
    return found


def _accounts_of_before(state: State, foreign: Iterable[ReservedName]) -> Iterator[tuple[Account, Clash]]:
    """Users without object of whom an object's employeeID says that it is theirs (ruling 40)."""
    unlinked: defaultdict[str, list[Account]] = defaultdict(list)
    for user in state.accounts:
        if user.object_guid is None and user.profile.employee_id:
            unlinked[identity_of(user.key.type, user.profile.employee_id)].append(user)
    for held in foreign if unlinked else ():
        if held.kind is NameKind.EMPLOYEE_ID and held.guid is not None:
            for user in unlinked.get(held.name, ()):
                yield user, Clash(name=f"employeeID {user.profile.employee_id}", other=held.guid)


def _addresses(account: Account) -> tuple[str, ...]:
    principal = account.names.user_principal_name
    return (principal, *account.names.addresses) if principal else account.names.addresses
