"""The configurator's name templates: `['CN='][Mandant]['_FN_'][FUNKTION][',']['OU=…']` (seed 002, ruling 17)."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from connect_worker.core import dn
from connect_worker.core.transliteration import transliterate
from connect_worker.errors import ConfigurationError
from connect_worker.model.configuration import GroupRule

_PART = re.compile(
    r"\[\s*'(?P<quoted>(?:[^']|'')*)'\s*\]|\[(?P<name>[^][{}']+)\]|\{(?P<english>[a-z_]+)\}|(?P<bare>[^][{}]+)"
)
_FIRST_COMMA = re.compile(r"((?:[^\\,]|\\.)*),", re.DOTALL)
_TYPE = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*=\s*")
_EMPTY_ELEMENT = re.compile(r"(?:^|(?<!\\),)\s*[A-Za-z][A-Za-z0-9-]*\s*=\s*(?=,|$)")
_FORBIDDEN_IN_NICKNAME = re.compile(r"[^A-Za-z0-9_-]")
_FORBIDDEN_IN_SAM = re.compile(r'["/\\\[\]:;|=,+*?<>@]')
_SEPARATORS = " _.,-¦"


class Placeholder(StrEnum):
    """What a template may name, in the configurator's spelling; neither case nor ä against ae makes a difference."""

    MANDANT = "Mandant"
    BUILDING_SHORT_NAME = "GebäudeKurzbezeichnung"
    BUILDING_NAME = "GebäudeBezeichnung"
    BUILDING_ID = "GebäudeID"
    CLASS_NAME = "OrganisationBezeichnung"
    CLASS_SUBGROUP = "OrganisationUntergruppe"
    CLASS_ID = "OrganisationID"
    SCHOOL_YEAR = "Schuljahr"
    FUNCTION = "FUNKTION"
    LEVEL = "Stufe"
    LEVEL_ID = "StufeID"
    FIRST_NAME = "Vorname"
    LAST_NAME = "Nachname"
    SHORT_CODE = "Kurzzeichen"
    LOGIN = "Login"
    ID = "ID"
    PROGRAM_YEAR = "Programmjahr"
    ROOM = "Zimmer"
    PROFESSION = "Beruf"
    USER_TYPE = "Benutzertyp"
    GRADUATION_YEAR = "Abschlussjahr"


USER_PLACEHOLDERS = frozenset(
    {Placeholder.FIRST_NAME, Placeholder.LAST_NAME, Placeholder.SHORT_CODE, Placeholder.LOGIN, Placeholder.ID}
)
_OF_PEOPLE_ONLY = frozenset(
    {
        *(Placeholder.PROGRAM_YEAR, Placeholder.ROOM, Placeholder.PROFESSION),
        *(Placeholder.USER_TYPE, Placeholder.GRADUATION_YEAR),
    }
)
GROUP_PLACEHOLDERS = frozenset(Placeholder) - USER_PLACEHOLDERS - _OF_PEOPLE_ONLY
EXTENSION_PLACEHOLDERS = frozenset(Placeholder) - {Placeholder.LEVEL_ID}
"""What an extension attribute may name. No birth date, phone or insurance number: in a directory everybody reads it."""

Values = Mapping[Placeholder, str]
"""What the placeholders stand for; one that is left out is empty."""

_BY_NAME = {
    "name": Placeholder.LAST_NAME,
    **{placeholder.name.lower(): placeholder for placeholder in Placeholder},
    **{transliterate(placeholder).casefold(): placeholder for placeholder in Placeholder},
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was read: literals and placeholders in their order.

    Of the separators around an empty placeholder those before it stay, at either end none (ruling 15):
    `[A]['_'][B]['_'][C]` without B is `A_C`, without B and C `A`, without A and B `C`.
    """

    parts: tuple[str | Placeholder, ...]

    def fill(self, values: Values) -> str:
        """The text in its original spelling: for display names."""
        return self._joined(lambda placeholder: values.get(placeholder, "").strip())

    def fill_name(self, values: Values) -> str:
        """A name in ASCII; the school year 2023/24 is written 2023-24 (ruling 15)."""

        def spelled(placeholder: Placeholder) -> str:
            value = transliterate(values.get(placeholder, ""))
            return value.replace("/", "-") if placeholder is Placeholder.SCHOOL_YEAR else value

        return transliterate(self._joined(spelled))

    def fill_sam_account_name(self, values: Values) -> str:
        """A name in ASCII with hyphens for what Active Directory forbids in a sAM name (ruling 15)."""
        return _FORBIDDEN_IN_SAM.sub("-", self.fill_name(values)).rstrip(".")

    def fill_escaped(self, values: Values) -> str:
        """The text with values escaped for a distinguished name; elements without a value are left out."""
        pieces = (
            dn.escape(values.get(part, "").strip()) if isinstance(part, Placeholder) else part for part in self.parts
        )
        return _EMPTY_ELEMENT.sub("", "".join(pieces)).lstrip(", ")

    def _joined(self, spelled: Callable[[Placeholder], str]) -> str:
        text, gap = "", False
        for part in self.parts:
            piece = spelled(part) if isinstance(part, Placeholder) else part
            if gap and not isinstance(part, Placeholder) and (not text or text[-1] in _SEPARATORS):
                piece = piece.lstrip(_SEPARATORS)
            text += piece
            gap = not piece
        return text.rstrip(_SEPARATORS) if gap else text


@dataclass(frozen=True, kw_only=True, slots=True)
class DnTemplate:
    """A template of a DN's first element: of its value, and of a parent that wins over the DN column (ruling 17)."""

    value: Template
    parent: Template | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupNames:
    """What one group is called. `parent` None: the DN column holds; a name that came out empty is None."""

    parent: str | None
    dn_first_element: str | None
    cn: str | None
    name: str | None
    display_name: str | None
    sam_account_name: str | None

    @property
    def mail_nickname(self) -> str | None:
        """What stands before the @ in Entra ID: the CN, with hyphens for what an address forbids (ruling 15)."""
        return _FORBIDDEN_IN_NICKNAME.sub("-", self.cn) if self.cn is not None else None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupTemplates:
    """The four templates of a group definition."""

    dn: DnTemplate
    name: Template
    display_name: Template
    sam_account_name: Template
    test_prefix: str

    @classmethod
    def of(cls, rule: GroupRule, test_prefix: str = "") -> Self:
        """Read a definition's templates. Raises ConfigurationError with every fault in them."""
        _check_all(rule)
        return cls(
            dn=parse_dn(rule.dn_first_element, GROUP_PLACEHOLDERS),
            name=parse(rule.name, GROUP_PLACEHOLDERS),
            display_name=parse(rule.display_name, GROUP_PLACEHOLDERS),
            sam_account_name=parse(rule.sam_account_name, GROUP_PLACEHOLDERS),
            test_prefix=test_prefix,
        )

    def fill(self, values: Values) -> GroupNames:
        """One group's names, the test prefix before those that a directory knows it by."""
        cn = self._prefixed(self.dn.value.fill_name(values))
        return GroupNames(
            parent=self.dn.parent.fill_escaped(values) or None if self.dn.parent else None,
            dn_first_element=f"CN={dn.escape(cn)}" if cn else None,
            cn=cn,
            name=self.name.fill_name(values) or None,
            display_name=self.display_name.fill(values) or None,
            sam_account_name=self._prefixed(self.sam_account_name.fill_sam_account_name(values)),
        )

    def _prefixed(self, name: str) -> str | None:
        return f"{self.test_prefix}{name}" if name else None


def _check_all(rule: GroupRule) -> None:
    faults: list[str] = []
    for read, column, text in (
        (parse_dn, "dn_first_element", rule.dn_first_element),
        (parse, "name", rule.name),
        (parse, "display_name", rule.display_name),
        (parse, "sam_account_name", rule.sam_account_name),
    ):
        try:
            read(text, GROUP_PLACEHOLDERS)
        except ConfigurationError as error:
            faults.extend(f"group definition {rule.criterion}, {column}: {fault}" for fault in error.faults)
    if faults:
        raise ConfigurationError(*faults, todo="Correct the group definitions in the configurator")


def parse(text: str, known: Collection[Placeholder]) -> Template:
    """Read a template: `['literal']`, `[Placeholder]`, and literal text outside brackets.

    `''` in a literal is one quote; `{first_name}` is `[Vorname]` (ruling 10). Raises ConfigurationError that names
    the template, the position, and the placeholders that are known here.
    """
    return Template(tuple(_parts(text, known)))


def parse_dn(text: str, known: Collection[Placeholder]) -> DnTemplate:
    """Read the template of a DN's first element, with or without `CN=`, with or without a parent.

    Its literals are DN syntax, its values are not. Raises ConfigurationError.
    """
    parts = parse(text, known).parts
    sample = "".join("x" if isinstance(part, Placeholder) else part for part in parts)
    type_ = _TYPE.match(sample)
    if type_ is not None and type_[1].upper() != "CN":
        raise _fault(text, f"the first element must be CN=…, not {type_[1]}=…")
    try:
        dn.elements(sample if type_ else f"CN={sample}")
    except ValueError as error:
        raise _fault(text, str(error)) from error
    return _divided(parts)


def _parts(text: str, known: Collection[Placeholder]) -> Iterator[str | Placeholder]:
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            raise _fault(text, f"expected is ['text'] or [Placeholder] at character {at + 1}. {_listed(known)}")
        name = found["name"] or found["english"]
        if name:
            yield _placeholder(name, known, text, at)
        elif found["quoted"] is not None:
            yield found["quoted"].replace("''", "'")
        else:
            yield found["bare"]
        at = found.end()


def _placeholder(name: str, known: Collection[Placeholder], text: str, at: int) -> Placeholder:
    placeholder = _BY_NAME.get(transliterate(name).casefold())
    if placeholder is None or placeholder not in known:
        raise _fault(text, f"unknown placeholder {name!r} at character {at + 1}. {_listed(known)}")
    return placeholder


def _divided(parts: tuple[str | Placeholder, ...]) -> DnTemplate:
    """At the first comma that is not escaped: before it the value, behind it the parent."""
    before: list[str | Placeholder] = []
    for place, part in enumerate(parts):
        comma = None if isinstance(part, Placeholder) else _FIRST_COMMA.match(part)
        if comma is not None:
            parent = Template((part[comma.end() :].lstrip(), *parts[place + 1 :]))
            return DnTemplate(value=_plain((*before, comma[1])), parent=parent)
        before.append(part)
    return DnTemplate(value=_plain(tuple(before)), parent=None)


def _plain(parts: tuple[str | Placeholder, ...]) -> Template:
    """The value's template without `CN=` and DN syntax."""
    first, *rest = parts
    if not isinstance(first, Placeholder):
        first = _TYPE.sub("", first, count=1)
    return Template(tuple(part if isinstance(part, Placeholder) else dn.unescape(part) for part in (first, *rest)))


def _fault(text: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"template {text!r}: {what}")


def _listed(known: Collection[Placeholder]) -> str:
    return f"Known placeholders: {', '.join(sorted(known))}"
