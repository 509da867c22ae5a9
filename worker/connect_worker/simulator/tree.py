"""All objects of one directory: finding them, placing them, and counting their changes."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

from connect_worker.simulator.dn import Dn, Rdn, parse_dn
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.folding import fold
from connect_worker.simulator.policy import Policy
from connect_worker.simulator.results import bad_name, no_such_object
from connect_worker.simulator.schema import CLASSES, Schema
from connect_worker.simulator.values import Values

Clock = Callable[[], datetime]
GuidSource = Callable[[], UUID]

_BY_GUID = re.compile(r"<GUID=([0-9A-Fa-f-]{32,36})>", re.IGNORECASE)


def utc_now() -> datetime:
    """The clock of a directory that is not told another one."""
    return datetime.now(UTC)


class Tree:
    """The objects by place, identifier and account name.

    It keeps the directory's bookkeeping (uSNChanged, whenChanged, the indexes) and knows no rule about accounts.
    """

    def __init__(
        self,
        base_dn: str,
        *,
        schema: Schema | None = None,
        policy: Policy | None = None,
        clock: Clock = utc_now,
        new_guid: GuidSource = uuid4,
    ) -> None:
        """An empty domain at `base_dn`, e.g. `DC=school,DC=test`. Raises ValueError when that is no DN."""
        self.schema = schema or Schema()
        self.policy = policy or Policy()
        self.clock = clock
        self.new_guid = new_guid
        self.usn = 0
        self.last_rid = 1000
        self.domain_id: tuple[int, ...] = _domain_id(new_guid())
        self._by_guid: dict[UUID, Entry] = {}
        self._accounts: dict[str, Entry] = {}
        self._principals: dict[str, Entry] = {}
        self._top, self.root = self._glue(parse_dn(base_dn))

    @property
    def base_dn(self) -> str:
        """The domain's name."""
        return self.root.dn

    @property
    def dns_name(self) -> str:
        """The domain as DNS knows it, lower case."""
        return ".".join(part.value for part in parse_dn(self.base_dn)).lower()

    @property
    def netbios_name(self) -> str:
        """The domain as it stands before an account's name."""
        return self.root.rdn.value.upper()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every object, deleted ones included, parents before their children."""
        return tuple(entry for entry in self.root.descendants())

    def by_guid(self, guid: UUID) -> Entry | None:
        """The object with that identifier, deleted or not."""
        return self._by_guid.get(guid)

    def account(self, name: str) -> Entry | None:
        """The user, group or computer with that sAMAccountName."""
        return self._accounts.get(fold(name))

    def principal(self, name: str) -> Entry | None:
        """The account with that userPrincipalName."""
        return self._principals.get(fold(name))

    def find(self, name: str, *, deleted: bool = False) -> Entry:
        """The object that `name` stands for, a DN or `<GUID=…>`; `deleted` ones only where asked for.

        Raises Refusal for a name that is none or stands for nothing.
        """
        found = self.look_up(name, deleted=deleted)
        if found is None:
            raise no_such_object(self._nearest(name))
        return found

    def look_up(self, name: str, *, deleted: bool = False) -> Entry | None:
        """As `find`, but None where nothing has that name."""
        by_guid = _BY_GUID.fullmatch(name)
        found = self._by_guid.get(_guid(by_guid[1])) if by_guid else self._walk(_parsed(name))
        return found if found is not None and (deleted or not found.deleted) else None

    def insert(self, entry: Entry) -> None:
        """Put a new object under its parent and into the indexes."""
        assert entry.parent is not None
        entry.parent.children[entry.rdn.key] = entry
        self._by_guid[entry.guid] = entry
        self._index(entry)

    def restore_root(self, guid: UUID, values: dict[str, Values]) -> None:
        """Give the domain itself the identifier and the values that it had before."""
        del self._by_guid[self.root.guid]
        self.root.guid, self.root.values = guid, values
        self._by_guid[guid] = self.root

    def store(self, entry: Entry, values: dict[str, Values]) -> None:
        """Replace an object's stored values."""
        self._unindex(entry)
        entry.values = values
        self._index(entry)

    def move(self, entry: Entry, parent: Entry, rdn: Rdn) -> None:
        """Give an object another place or name; everything below goes with it."""
        assert entry.parent is not None
        del entry.parent.children[entry.rdn.key]
        entry.parent, entry.rdn = parent, rdn
        parent.children[rdn.key] = entry

    def stamp(self, entry: Entry) -> None:
        """Record that an object has changed just now."""
        self.usn += 1
        entry.values["uSNChanged"] = (str(self.usn).encode(),)
        entry.values["whenChanged"] = (generalized_time(self.clock()),)
        if "uSNCreated" not in entry.values:
            entry.values["uSNCreated"] = entry.values["uSNChanged"]
            entry.values["whenCreated"] = entry.values["whenChanged"]

    def next_sid(self) -> bytes:
        """The security identifier of a new account or group."""
        self.last_rid += 1
        return self.sid(self.last_rid)

    def sid(self, rid: int) -> bytes:
        """The domain's security identifier with this last part."""
        return bytes((1, 5, 0, 0, 0, 0, 0, 5)) + b"".join(part.to_bytes(4, "little") for part in (*self.domain_id, rid))

    def _glue(self, base: Dn) -> tuple[Entry, Entry]:
        """The chain of names above the domain, which are no objects, and the domain itself."""
        if not base:
            raise ValueError("a domain needs a name such as DC=school,DC=test")
        top = parent = None
        for rdn in reversed(base):
            parent = Entry(guid=self.new_guid(), rdn=rdn, kind=CLASSES["domaindns"], parent=parent)
            if parent.parent is not None:
                parent.parent.children[rdn.key] = parent
            top = top or parent
        assert top is not None
        assert parent is not None
        self._by_guid[parent.guid] = parent
        return top, parent

    def _walk(self, dn: Dn) -> Entry | None:
        if not dn or dn[-1].key != self._top.rdn.key:
            return None
        entry = self._top
        for rdn in reversed(dn[:-1]):
            child = entry.children.get(rdn.key)
            if child is None:
                return None
            entry = child
        return entry if entry.guid in self._by_guid else None

    def _nearest(self, name: str) -> str:
        if _BY_GUID.fullmatch(name):
            return ""
        dn = _parsed(name)
        above = (self._walk(dn[start:]) for start in range(1, len(dn)))
        return next((entry.dn for entry in above if entry is not None and not entry.deleted), "")

    def _index(self, entry: Entry) -> None:
        for index, name in ((self._accounts, "sAMAccountName"), (self._principals, "userPrincipalName")):
            values = entry.values.get(name)
            if values and not entry.deleted:
                index[fold(values[0].decode())] = entry

    def _unindex(self, entry: Entry) -> None:
        for index, name in ((self._accounts, "sAMAccountName"), (self._principals, "userPrincipalName")):
            values = entry.values.get(name)
            if values and index.get(fold(values[0].decode())) is entry:
                del index[fold(values[0].decode())]


def generalized_time(moment: datetime) -> bytes:
    """A moment as the directory writes it, in UTC to the second."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S.0Z").encode()


def _domain_id(seed: UUID) -> tuple[int, ...]:
    """S-1-5-21-… with three numbers of the domain's own."""
    return 21, seed.int & 0x7FFFFFFF, seed.int >> 32 & 0x7FFFFFFF, seed.int >> 64 & 0x7FFFFFFF


def _parsed(name: str) -> Dn:
    try:
        return parse_dn(name)
    except ValueError:
        raise bad_name(name) from None


def _guid(text: str) -> UUID:
    """Thirty-two digits without dashes are the bytes as they are stored: the first three parts little-endian."""
    try:
        return UUID(text) if "-" in text else UUID(bytes_le=bytes.fromhex(text))
    except ValueError:
        raise bad_name(f"<GUID={text}>") from None
