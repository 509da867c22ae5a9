"""Users and groups with everything wrong that may be wrong, in all mixtures, from a seed."""

from random import Random
from uuid import UUID

from connect_worker.model.account import Account, Aliases, Names, Profile, Status
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Guid, Mandant, MandantMask, UserType
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import State

MASKS = (None, 0, 1, 1, 2, 3, 3, 3, 5, 1 << 39, (1 << 32) - 1, 1 << 62, (1 << 63) - 1)
CHOSEN = (None, -1, -63, 0, 1, 1, 1, 2, 2, 3, 9, 31, 32, 33, 40, 63, 64, 65, 1 << 30)

LIKE_NAMES = (
    ("Anna Muster", "ANNA MUSTER", "anna muster", "Anna Muster ", "Anna  Muster", " Anna Muster"),
    ("Jürg Äbi", "JÜRG ÄBI", "jürg äbi", "Jurg Abi", "Juerg Aebi"),
    ("Ruth Straße", "RUTH STRASSE", "Ruth Strasse", "Ruth Strase"),
    ("İpek Işık", "ipek ışık", "IPEK IŞIK", "Ipek Isik", "ipek isik"),
    ("Zoë Noël", "ZOË NOËL", "Zoe\u0308 Noe\u0308l", "ZOE\u0308 NOE\u0308L", "Zoe Noel"),
    ("Ada-Lou O'Neill", "ADA-LOU O'NEILL", "AdaLou ONeill", "Ada_Lou O'Neill"),
)
"""Each row: spellings that may or may not be one name."""

LOCAL_STARTS = ("a", "Z", "7", "_", "-", ",", ".", "+", "ü", "ſ", "İ", "K", "@", "")
ENDS = (
    ".ch",
    ".CH",
    ".c",
    ".c1",
    ".1ch",
    ".ch1",
    ".ch.",
    "ch",
    ".schule.c",
    ".c.ab.c",
    ".zü",
    ".ß",
    ".K",
    ".ſa",
    ".chK",
    ".chſ",
    ".chü",
    ".ch\n",
)
BREAKS = (".@", "..", ",", " ", "@", "@@", "\n", "\t", "ü", "+", "%", "_", "[", "", ".")


def nasty_state(seed: int, *, users: int, groups: int) -> State:
    """Tables of this many users and groups: some rows are in order, most have one fault or several."""
    random = Random(seed)  # noqa: S311  test data, no secret
    return State(
        accounts=tuple(_user(random, number, users) for number in range(users)),
        groups=tuple(_group(random, number, groups) for number in range(groups)),
        memberships={},
    )


def _user(random: Random, number: int, of: int) -> Account:
    return Account(
        key=AccountKey(random.choice(tuple(UserType)), number),
        names=Names(
            dn_parent="OU=Benutzer,DC=schule,DC=test",
            dn_first_element=_name(random, "CN=", number, of),
            cn=f"Person {number}",
            sam_account_name=_name(random, "S.", number, of),
            user_principal_name=random.choice((None, "", *9 * (f"person{number}@schule.test",))),
            mail=_address(random, number),
            aliases=_aliases(random, number),
        ),
        profile=Profile(),
        mandants=_mask(random),
        mandant_chosen=_chosen(random),
        status=random.choice(tuple(Status)),
        initial_password=random.choice((None, SealedSecret("sealed"))),
        object_guid=random.choice((None, Guid(UUID(int=number)))),
    )


def _group(random: Random, number: int, of: int) -> Group:
    return Group(
        key=GroupKey(random.choice(tuple(Criterion)), Mandant(1), number),
        dn_parent="OU=Gruppen,DC=schule,DC=test",
        dn_first_element=_name(random, "CN=", number, of),
        cn=f"Gruppe {number}",
        sam_account_name=_name(random, "KL.", number, of),
        display_name=None,
        description=None,
        ad_type=random.choice(("SG", None)),
        mandants=_mask(random),
        mandant_chosen=_chosen(random),
        status=random.choice(tuple(Status)),
    )


def _mask(random: Random) -> MandantMask | None:
    mask = random.choice(MASKS)
    return None if mask is None else MandantMask(mask)


def _chosen(random: Random) -> Mandant | None:
    chosen = random.choice(CHOSEN)
    return None if chosen is None else Mandant(chosen)


def _name(random: Random, prefix: str, number: int, of: int) -> str | None:
    """Build a name that is missing, empty, unique, or shared in some spelling with a few others out of `of`."""
    kind = random.random()
    if kind < 0.05:
        return None
    if kind < 0.06:
        return ""
    if kind < 0.7:
        return f"{prefix}Person {number}"
    spelling = random.choice(random.choice(LIKE_NAMES))
    before, after = random.choice(("", "", "", " ")), random.choice(("", "", " "))
    return f"{before}{random.choice((prefix, prefix.lower()))}{spelling}{random.randrange(of // 8)}{after}"


def _aliases(random: Random, number: int) -> Aliases:
    first, second, third, fourth, fifth = (
        _address(random, number) if random.random() < 0.15 else None for _ in range(5)
    )
    return (first, second, third, fourth, fifth)


def _address(random: Random, number: int) -> str | None:
    """Build an address that is missing, empty, in order, or broken in up to two places."""
    kind = random.random()
    if kind < 0.04:
        return None
    if kind < 0.06:
        return ""
    start, domain_start, end = "anna", "schule", ".ch"
    faults = random.choice((0, 1, 1, 1, 2))
    for part in random.sample(("start", "domain", "end", "break", "case"), faults):
        match part:
            case "start":
                start = random.choice(LOCAL_STARTS) + random.choice(("", "nna"))
            case "domain":
                domain_start = random.choice(LOCAL_STARTS) + random.choice(("", "chule"))
            case "end":
                end = random.choice(ENDS)
            case "break":
                start += random.choice(BREAKS) + random.choice(("", "x"))
            case "case":
                start, domain_start, end = start.upper(), domain_start.upper(), end.upper()
    return f"{start}{random.choice(('', f'.muster{number}'))}@{domain_start}{random.choice(('', '-nord'))}{end}"
