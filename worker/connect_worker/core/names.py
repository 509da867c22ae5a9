"""What an account is called: DN first element, sAM name, user principal name and mail (rulings 10 to 13).

first name, last name … ─► template ─► CN ─► local part, unless the master data have a login
                                       │          │
                                       └── number ┘  the lowest with which nobody holds either
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Final

from connect_worker.core import dn
from connect_worker.core.addresses import is_valid_address
from connect_worker.core.aliases import ring, rotate
from connect_worker.core.taken_names import TakenNames
from connect_worker.core.templates import USER_PLACEHOLDERS, DnTemplate, Placeholder, Values, parse_dn
from connect_worker.core.transliteration import transliterate
from connect_worker.errors import ConfigurationError
from connect_worker.model.account import NO_ALIASES, Aliases, Names
from connect_worker.model.configuration import Configuration
from connect_worker.model.ids import AccountKey, UserType
from connect_worker.model.state import NameKind

CN_LENGTH: Final = 64
LOCAL_PART_LENGTH: Final = 64
UPN_LENGTH: Final = 128
DOMAIN_LENGTH: Final = 100
PREFIX_LENGTH: Final = 8

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 ._-]+")
_NOT_IN_LOCAL_PARTS = re.compile(r"[^a-z0-9._-]+")
_DOTS = re.compile(r"\.{2,}")
_PREFIX = re.compile(r"[A-Za-z0-9_-]*")
_SEPARATORS = " ._-"
_ORDER = {UserType.STAFF: 0, UserType.STUDENT: 1, UserType.MANUAL: 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class NameRequest:
    """Who is to be named. `domain` None: no mandant is chosen, so there can be no address yet."""

    key: AccountKey
    first_name: str
    last_name: str
    short_code: str | None
    login: str | None
    domain: str | None
    parent_dn: str


def in_naming_order(keys: Iterable[AccountKey]) -> list[AccountKey]:
    """Staff first, then students, then manual users, each by source id (ruling 11)."""
    return sorted(keys, key=lambda key: (_ORDER[key.type], key.source_id))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stem:
    """A person's names without prefix and number."""

    prefix: str
    cn: str
    local_part: str
    domain: str | None

    def numbered(self, number: int) -> tuple[str, str | None]:
        """CN and address with this number (0: none), cut in the name where too long, never in the number."""
        suffix = str(number) if number else ""
        cn = self.prefix + _cut(self.cn, CN_LENGTH - len(self.prefix), suffix)
        if self.domain is None:
            return cn, None
        length = min(LOCAL_PART_LENGTH, UPN_LENGTH - len("@") - len(self.domain))
        local_part = self.prefix.lower() + _cut(self.local_part, length - len(self.prefix), suffix)
        return cn, f"{local_part}@{self.domain}"


class Naming:
    """Gives names by one customer's configuration; whoever is named holds the names from then on."""

    def __init__(self, configuration: Configuration, taken: TakenNames) -> None:
        """Raises ConfigurationError for templates, domains and a test prefix that make no valid names."""
        _check(configuration)
        self._taken = taken
        self._prefix = configuration.test_prefix
        self._students = parse_dn(configuration.students.name_template, USER_PLACEHOLDERS)
        self._others = parse_dn(configuration.staff.name_template, USER_PLACEHOLDERS)

    def allocate(self, request: NameRequest, *, aliases: Aliases = NO_ALIASES) -> Names:
        """New names, unlike anybody else's; a person who comes back gets the number of before, if it still fits.

        `aliases` are those that were entered or taken over beforehand; one that becomes the mail leaves them.
        """
        names = self._names(request)
        names = replace(names, aliases=rotate(aliases, old_mail=None, new_mail=names.mail))
        self._taken.add(request.key, names)
        return names

    def regenerate(self, request: NameRequest, present: Names, *, known_to_directory: bool) -> Names:
        """Names anew; the mail becomes an alias if a directory knew it and it is valid (ruling 13).

        A mail that somebody else holds as well becomes none, so that the double is cured. A sAM name that nobody else
        holds stays: people sign in to Windows with it. Without a chosen mandant the addresses keep their domain.
        """
        names = self._names(replace(request, domain=request.domain or _domain_of(present.mail)))
        sam = self._own(NameKind.SAM, present.sam_account_name, request.key)
        named = replace(
            present,
            dn_parent=names.dn_parent,
            dn_first_element=names.dn_first_element,
            cn=names.cn,
            sam_account_name=sam or names.sam_account_name,
        )
        address = names.user_principal_name
        names = self._readdressed(named, request.key, address, known_to_directory=known_to_directory)
        self._taken.release(request.key, present)
        self._taken.add(request.key, names)
        return names

    def follow(self, request: NameRequest, present: Names, *, known_to_directory: bool) -> Names | None:
        """Names after the DN's first element that stands there, typed by a person (ruling 10).

        Without a login the address follows it, and the old mail becomes an alias; neither a login nor a domain that is
        new in the meantime has an effect (ruling 14). A test prefix that the person left out is put before it. None if
        somebody else holds the first element or the address.
        """
        name = self._bare(dn.value_of(present.dn_first_element or ""))
        cn, address = self._prefix + name, present.user_principal_name
        follows = address is None or not _login(request)
        if follows:
            stem = self._stem(replace(request, domain=_domain_of(present.mail) or request.domain), name)
            address = stem.numbered(0)[1]
        if not self._is_free(cn, address, request.key):
            return None
        sam = present.sam_account_name or f"{self._prefix}{request.key}"
        names = replace(present, dn_first_element=_first_element(cn), cn=cn, sam_account_name=sam)
        if follows:
            names = self._readdressed(names, request.key, address, known_to_directory=known_to_directory)
        self._taken.release(request.key, present)
        self._taken.add(request.key, names)
        return names

    def complete(self, request: NameRequest, kept: Names) -> Names:
        """The names that an account had before Connect, with an address where it had none (ruling 40)."""
        mail = kept.mail or (kept.user_principal_name if is_valid_address(kept.user_principal_name) else None)
        mail = mail or self._names(request).mail
        names = replace(
            kept,
            dn_parent=self.parent_of(request),
            user_principal_name=kept.user_principal_name or mail,
            mail=mail,
            aliases=rotate(kept.aliases, old_mail=None, new_mail=mail),
        )
        self._taken.add(request.key, names)
        return names

    def rename(self, request: NameRequest, present: Names, former: Iterable[str | None]) -> Names:
        """Names by the template for an account that had others before Connect: its former addresses become aliases."""
        self._taken.release(request.key, present)
        names = self._names(request)
        names = replace(names, aliases=ring(former, mail=names.mail))
        self._taken.add(request.key, names)
        return names

    def parent_of(self, request: NameRequest) -> str:
        """Where the account stands: the template's own parent wins over the DN column (ruling 17)."""
        template = self._template(request.key)
        own = template.parent.fill_escaped(_values(request)) if template.parent is not None else ""
        return own or request.parent_dn

    def _template(self, key: AccountKey) -> DnTemplate:
        return self._students if key.type is UserType.STUDENT else self._others

    def _names(self, request: NameRequest) -> Names:
        template = self._template(request.key)
        values = _values(request)
        stem = self._stem(request, template.value.fill_name(values) or str(request.key))
        cn, address = next(
            (cn, address)
            for cn, address in map(stem.numbered, chain(self._numbers_of_before(stem, request.key), count()))
            if self._is_free(cn, address, request.key)
        )
        return Names(
            dn_parent=self.parent_of(request),
            dn_first_element=_first_element(cn),
            cn=cn,
            sam_account_name=f"{self._prefix}{request.key}",
            user_principal_name=address,
            mail=address,
            aliases=NO_ALIASES,
        )

    def _readdressed(self, names: Names, key: AccountKey, address: str | None, *, known_to_directory: bool) -> Names:
        """The names with another address, and the old mail among the aliases where it belongs there."""
        old_mail = self._own(NameKind.ADDRESS, names.mail, key) if known_to_directory else None
        return replace(
            names,
            user_principal_name=address,
            mail=address,
            aliases=rotate(names.aliases, old_mail=old_mail, new_mail=address),
        )

    def _stem(self, request: NameRequest, name: str) -> _Stem:
        local_part = _login(request) or _local_part(name) or str(request.key).lower()
        return _Stem(
            prefix=self._prefix,
            cn=name,
            local_part=local_part,
            domain=request.domain.lower() if request.domain else None,
        )

    def _numbers_of_before(self, stem: _Stem, key: AccountKey) -> Iterator[int]:
        for element in self._taken.returning(key):
            digits = element[len(element.rstrip("0123456789")) :]
            for start in range(len(digits) + 1):
                number = int(digits[start:] or 0)
                if dn.normalise(_first_element(stem.numbered(number)[0])) == element:
                    yield number

    def _bare(self, cn: str) -> str:
        """A CN without the test prefix."""
        return cn[len(self._prefix) :] if cn.casefold().startswith(self._prefix.casefold()) else cn

    def _is_free(self, cn: str, address: str | None, key: AccountKey) -> bool:
        return self._taken.is_free(NameKind.DN_FIRST_ELEMENT, _first_element(cn), key) and (
            address is None or self._taken.is_free(NameKind.ADDRESS, address, key)
        )

    def _own(self, kind: NameKind, name: str | None, key: AccountKey) -> str | None:
        """The name if it is this person's alone."""
        return name if name and self._taken.is_free(kind, name, key) else None


def is_typed(names: Names) -> bool:
    """Whether a person typed the DN's first element: its value is not the CN that Connect knows (ruling 10)."""
    element = names.dn_first_element
    if element is None or element == f"CN={names.cn}" or not dn.is_common_name(element):
        return False
    return dn.value_of(element) != names.cn


def _first_element(cn: str) -> str:
    return f"CN={dn.escape(cn)}"


def _values(request: NameRequest) -> Values:
    return {
        Placeholder.FIRST_NAME: _clean(request.first_name),
        Placeholder.LAST_NAME: _clean(request.last_name),
        Placeholder.SHORT_CODE: _clean(request.short_code or ""),
        Placeholder.LOGIN: _clean(request.login or ""),
        Placeholder.ID: str(request.key.source_id),
    }


def _clean(value: str) -> str:
    """A part of a name without special characters, and none where it would hold a separator only."""
    return " ".join(_NOT_IN_NAMES.sub(" ", transliterate(value)).split()).strip(_SEPARATORS)


def _login(request: NameRequest) -> str:
    return _local_part((request.login or "").partition("@")[0])


def _local_part(text: str) -> str:
    dotted = transliterate(text).lower().replace(" ", ".")
    local_part = _DOTS.sub(".", _NOT_IN_LOCAL_PARTS.sub("", dotted)).strip(".")
    return local_part if local_part.strip(_SEPARATORS) else ""


def _cut(name: str, length: int, suffix: str) -> str:
    if len(name) + len(suffix) <= length:
        return name + suffix
    cut = name[: length - len(suffix)]
    return (cut.rstrip(_SEPARATORS) or cut.rstrip(".")) + suffix


def _domain_of(mail: str | None) -> str | None:
    domain = (mail or "").rpartition("@")[2]
    return domain if _is_domain(domain) else None


def _is_domain(text: str) -> bool:
    return len(text) <= DOMAIN_LENGTH and is_valid_address(f"x@{text}")


def _check(configuration: Configuration) -> None:
    faults = [*_faults_of_templates(configuration), *_faults_of_domains(configuration)]
    prefix = configuration.test_prefix
    if len(prefix) > PREFIX_LENGTH or not _PREFIX.fullmatch(prefix):
        faults.append(f"test prefix {prefix!r}: at most {PREFIX_LENGTH} letters, digits, «-» and «_» are possible")
    if faults:
        raise ConfigurationError(*faults, todo="Correct the names in the configurator")


def _faults_of_templates(configuration: Configuration) -> Iterator[str]:
    for audience, owner in ((configuration.staff, "staff"), (configuration.students, "students")):
        try:
            template = parse_dn(audience.name_template, USER_PLACEHOLDERS)
        except ConfigurationError as error:
            yield from (f"names of {owner}: {fault}" for fault in error.faults)
        else:
            if not any(isinstance(part, Placeholder) for part in template.value.parts):
                yield f"names of {owner}: template {audience.name_template!r} has no placeholder, like [Vorname]"


def _faults_of_domains(configuration: Configuration) -> Iterator[str]:
    for mandant in configuration.mandants:
        for domain in dict.fromkeys((mandant.staff_domain, mandant.student_domain)):
            if domain and not _is_domain(domain):
                yield f"mandant {mandant.number}: {domain!r} is no mail domain of at most {DOMAIN_LENGTH} characters"
