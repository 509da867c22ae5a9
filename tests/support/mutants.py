"""Faults that somebody might build into a rule: each mutant is the rule itself but for one deviation."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from connect_worker.model.account import ALIAS_PLACES, Account
from connect_worker.model.group import Group
from connect_worker.model.state import State

Record = TypeVar("Record", Account, Group)

ADDRESS_CONDITIONS: dict[str, Callable[[str], bool]] = {
    "first sign": lambda mail: re.match(r"[a-zA-Z0-9,_-]", mail) is not None,
    "first sign of the domain": lambda mail: re.search(r".@[a-zA-Z0-9,_-]", mail, re.DOTALL) is not None,
    "dot and two letters": lambda mail: re.search(r"@.+\.[a-zA-Z]{2}", mail, re.DOTALL) is not None,
    "only one @": lambda mail: mail.count("@") < 2,
    "no dot before the @": lambda mail: ".@" not in mail,
    "no two dots": lambda mail: ".." not in mail,
    "no comma": lambda mail: "," not in mail,
    "no blank": lambda mail: " " not in mail,
    "last sign a letter": lambda mail: re.search(r"[a-zA-Z]\Z", mail) is not None,
}
"""The seed's condition for addresses in parts; one that breaks none of them is valid."""

STRICTER: dict[str, Callable[[str], bool]] = {
    "capitals": lambda mail: mail != mail.lower(),
    "a digit first": lambda mail: mail[:1].isdigit(),
    "a hyphen first": lambda mail: mail.startswith("-"),
    "an underscore first": lambda mail: mail.startswith("_"),
    "an umlaut within": lambda mail: "ü" in mail,
    "a plus within": lambda mail: "+" in mail,
    "a line break within": lambda mail: "\n" in mail,
}
"""What the seed's condition allows and somebody might forbid."""

UNICODE_LETTERS = re.compile(r"[a-z0-9,_-][^@]*@[a-z0-9,_-][^@ ]*\.[a-z][a-z]([^@ ]*[a-z])?", re.IGNORECASE)
"""Without re.ASCII, `K` (Kelvin) and `ſ` are k and s."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Census:
    """How often each name is held, spelled exactly so."""

    dn_first_elements: Counter[str | None]
    group_dn_first_elements: Counter[str | None]
    sam_account_names: Counter[str | None]

    @classmethod
    def of(cls, state: State) -> "Census":
        """Count all records."""
        return cls(
            dn_first_elements=Counter(user.names.dn_first_element for user in state.accounts),
            group_dn_first_elements=Counter(group.dn_first_element for group in state.groups),
            sam_account_names=Counter(user.names.sam_account_name for user in state.accounts),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant(Generic[Record]):
    """A faulty rule: `judge` gets the record, the right verdict, and the census."""

    code: int
    fault: str
    judge: Callable[[Record, bool, Census], bool]

    def __str__(self) -> str:
        return f"{self.code}: {self.fault}"


def condition_forgotten(name: str) -> Mutant[Account]:
    """Rule 7 without one of its conditions."""
    return Mutant(
        code=7,
        fault=f"forgets: {name}",
        judge=lambda user, _, __: user.names.mail is None or _breaks(user.names.mail, but=name),
    )


def condition_forgotten_for_aliases(name: str) -> Mutant[Account]:
    """Rule 9 without one of its conditions."""
    return Mutant(
        code=9,
        fault=f"forgets: {name}",
        judge=lambda user, _, __: any(_breaks(alias, but=name) for alias in user.names.aliases if alias is not None),
    )


def alias_forgotten(place: int) -> Mutant[Account]:
    """Rule 9 that does not look at one of the five."""
    return Mutant(
        code=9,
        fault=f"forgets alias {place + 1}",
        judge=lambda user, _, __: any(
            alias is not None and _breaks(alias, but="")
            for number, alias in enumerate(user.names.aliases)
            if number != place
        ),
    )


def condition_added(name: str) -> Mutant[Account]:
    """Rule 7 with a condition that the seed does not have."""
    return Mutant(
        code=7, fault=f"forbids: {name}", judge=lambda user, hit, _: hit or STRICTER[name](user.names.mail or "")
    )


def _breaks(mail: str, *, but: str) -> bool:
    return not all(holds(mail) for name, holds in ADDRESS_CONDITIONS.items() if name != but)


USER_MUTANTS: tuple[Mutant[Account], ...] = (
    Mutant(code=1, fault="0 is no choice", judge=lambda user, hit, _: hit or user.mandant_chosen == 0),
    Mutant(code=1, fault="one mandant chooses itself", judge=lambda user, hit, _: hit and user.mandants not in {1, 2}),
    Mutant(
        code=2,
        fault="the bit is off by one",
        judge=lambda user, hit, _: hit if not user.mandants else not user.mandants >> abs(user.mandant_chosen or 0) & 1,
    ),
    Mutant(code=2, fault="0 is exempt", judge=lambda user, hit, _: hit and user.mandant_chosen != 0),
    Mutant(code=2, fault="-1 is exempt", judge=lambda user, hit, _: hit and user.mandant_chosen != -1),
    Mutant(code=2, fault="a bit wraps round at 32", judge=lambda user, hit, _: hit and user.mandant_chosen != 33),
    Mutant(code=2, fault="a bit wraps round at 64", judge=lambda user, hit, _: hit and user.mandant_chosen != 65),
    Mutant(
        code=2,
        fault="a mask has 62 bits",
        judge=lambda user, hit, _: hit or (user.mandant_chosen == 63 and user.mandants is not None),
    ),
    Mutant(code=2, fault="no choice is outside", judge=lambda user, hit, _: hit or user.mandant_chosen is None),
    Mutant(code=2, fault="a missing mask is 0", judge=lambda user, hit, _: hit or user.mandants is None),
    Mutant(code=2, fault="the mask 0 is missing", judge=lambda user, hit, _: hit and user.mandants != 0),
    Mutant(code=3, fault="no choice is not configured", judge=lambda user, hit, _: hit or user.mandant_chosen is None),
    Mutant(code=3, fault="0 is exempt", judge=lambda user, hit, _: hit and user.mandant_chosen != 0),
    Mutant(code=3, fault="the mask counts", judge=lambda user, hit, _: hit and user.mandants is not None),
    Mutant(
        code=4,
        fault="case matters",
        judge=lambda user, hit, census: hit and census.dn_first_elements[user.names.dn_first_element] > 1,
    ),
    Mutant(
        code=4,
        fault="accents do not matter",
        judge=lambda user, hit, _: hit or "Jurg Abi" in (user.names.dn_first_element or ""),
    ),
    Mutant(
        code=4,
        fault="a letter with its accent apart is another one",
        judge=lambda user, hit, _: hit and "\u0308" not in (user.names.dn_first_element or ""),
    ),
    Mutant(
        code=4,
        fault="blanks in front do not matter",
        judge=lambda user, hit, _: hit or (user.names.dn_first_element or "").startswith(" "),
    ),
    Mutant(
        code=4, fault="missing ones are equal", judge=lambda user, hit, _: hit or user.names.dn_first_element is None
    ),
    Mutant(code=4, fault="empty ones differ", judge=lambda user, hit, _: hit and user.names.dn_first_element != ""),
    Mutant(
        code=4,
        fault="groups count",
        judge=lambda user, hit, census: hit or census.group_dn_first_elements[user.names.dn_first_element or "-"] > 0,
    ),
    Mutant(code=4, fault="who leaves does not count", judge=lambda user, hit, _: hit and user.status not in {2, 3}),
    Mutant(code=5, fault="never", judge=lambda _, __, ___: False),
    Mutant(
        code=5, fault="an empty one is missing", judge=lambda user, hit, _: hit or user.names.user_principal_name == ""
    ),
    Mutant(code=6, fault="only missing", judge=lambda user, hit, _: hit and user.names.sam_account_name is None),
    Mutant(code=6, fault="only shared", judge=lambda user, hit, _: hit and user.names.sam_account_name is not None),
    Mutant(
        code=6,
        fault="case matters",
        judge=lambda user, hit, census: (
            hit and (user.names.sam_account_name is None or census.sam_account_names[user.names.sam_account_name] > 1)
        ),
    ),
    Mutant(code=7, fault="a missing one is valid", judge=lambda user, hit, _: hit and user.names.mail is not None),
    Mutant(code=7, fault="an empty one is valid", judge=lambda user, hit, _: hit and user.names.mail != ""),
    Mutant(
        code=7,
        fault="letters beyond A to Z",
        judge=lambda user, hit, _: hit and not UNICODE_LETTERS.fullmatch(user.names.mail or ""),
    ),
    *(condition_forgotten(name) for name in ADDRESS_CONDITIONS),
    *(condition_added(name) for name in STRICTER),
    Mutant(code=8, fault="0 is missing", judge=lambda user, hit, _: hit or user.mandants == 0),
    Mutant(code=8, fault="only without a choice", judge=lambda user, hit, _: hit and user.mandant_chosen is None),
    Mutant(code=9, fault="the mail is meant", judge=lambda user, _, __: _breaks(user.names.mail or "", but="")),
    Mutant(code=9, fault="a missing one is invalid", judge=lambda user, hit, _: hit or None in user.names.aliases),
    Mutant(
        code=9,
        fault="an empty one is not set",
        judge=lambda user, _, __: any(_breaks(alias, but="") for alias in user.names.aliases if alias),
    ),
    *(alias_forgotten(place) for place in range(ALIAS_PLACES)),
    *(condition_forgotten_for_aliases(name) for name in ADDRESS_CONDITIONS),
)
GROUP_MUTANTS: tuple[Mutant[Group], ...] = (
    Mutant(code=1, fault="0 is no choice", judge=lambda group, hit, _: hit or group.mandant_chosen == 0),
    Mutant(code=2, fault="0 is not exempt", judge=lambda group, hit, _: hit or group.mandant_chosen == 0),
    Mutant(code=2, fault="-1 is exempt", judge=lambda group, hit, _: hit and group.mandant_chosen != -1),
    Mutant(code=2, fault="a missing mask is 0", judge=lambda group, hit, _: hit or group.mandants is None),
    Mutant(code=3, fault="0 is not exempt", judge=lambda group, hit, _: hit or group.mandant_chosen == 0),
    Mutant(code=3, fault="-1 is exempt", judge=lambda group, hit, _: hit and group.mandant_chosen != -1),
    Mutant(
        code=3, fault="no choice is not configured", judge=lambda group, hit, _: hit or group.mandant_chosen is None
    ),
    Mutant(
        code=4,
        fault="case matters",
        judge=lambda group, hit, census: hit and census.group_dn_first_elements[group.dn_first_element] > 1,
    ),
    Mutant(code=4, fault="missing ones are equal", judge=lambda group, hit, _: hit or group.dn_first_element is None),
    Mutant(
        code=4,
        fault="users count",
        judge=lambda group, hit, census: hit or census.dn_first_elements[group.dn_first_element or "-"] > 0,
    ),
    Mutant(code=8, fault="0 is missing", judge=lambda group, hit, _: hit or group.mandants == 0),
    Mutant(code=8, fault="only without a choice", judge=lambda group, hit, _: hit and group.mandant_chosen is None),
)
