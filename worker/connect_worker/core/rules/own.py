"""Connect's own findings, from 101: what the seed's rules let through and a directory would refuse (ruling 32)."""

from connect_worker.core import dn
from connect_worker.core.lengths import EMPLOYEE_ID, length
from connect_worker.core.names import is_typed
from connect_worker.core.rules.context import Context, folded
from connect_worker.core.rules.rule import Rule, Text
from connect_worker.model.account import Account
from connect_worker.model.group import Group

# Active Directory's limits, as it counts characters; the 20 hold for users only (seed 002, ruling 32).
MOST_IN_USER_SAM_ACCOUNT_NAME = 20
MOST_IN_GROUP_SAM_ACCOUNT_NAME = 256
MOST_IN_CN = 64
MOST_IN_USER_PRINCIPAL_NAME = 128
MOST_IN_ADDRESS = 256
MOST_IN_MAIL_NICKNAME = 64

_ASK_SUPPORT = Text(
    english="The group definition yields a name that the directory refuses: ask the support.",
    german="Die Gruppendefinition ergibt einen Namen, den das Verzeichnis ablehnt: den Support fragen.",
)
_LENGTH_MEANING = Text(
    english="An identity is blank or too long for the directory",
    german="Ein identifizierendes Feld ist leer oder zu lang für das Verzeichnis",
)
_FOREIGN_MEANING = Text(
    english="An object outside Connect holds the name",
    german="Ein Objekt ausserhalb von Connect trägt den Namen",
)
_DN_MEANING = Text(english="The DN is missing or unusable", german="Der DN fehlt oder ist unbrauchbar")
_DN_CONDITION = (
    "The DN's first element or its parent is empty; or the first element is not one `CN=…` with its special characters "
    "escaped (`CN=Muster\\, Anna`); or the parent is no DN that ends like the configured base DN (`DC=…`)"
)


class UserIdentityLength(Rule[Account]):
    """Finding 101 of a user: identities are never cut, for a cut one is another one."""

    code = 101
    meaning = _LENGTH_MEANING
    condition = (
        f"sAM account name (at most {MOST_IN_USER_SAM_ACCOUNT_NAME} characters), CN ({MOST_IN_CN}), user principal "
        f"name ({MOST_IN_USER_PRINCIPAL_NAME}), mail or an alias ({MOST_IN_ADDRESS}) or employee ID ({EMPLOYEE_ID}) is "
        "longer; or one of the first three is set and blank."
    )
    solution = Text(
        english="Shorten the name or number in the master record or by hand, then tick «Regenerate Names».",
        german="Den Namen oder die Nummer in den Stammdaten oder von Hand kürzen, dann bei «Regenerate Names» ein "
        "Häkchen setzen.",
    )

    def find(self, record: Account, context: Context) -> str | None:  # noqa: ARG002  the port's shape
        """Say which fields, with their lengths."""
        names = record.names
        return _wrong_lengths(
            ("sAM account name", names.sam_account_name, MOST_IN_USER_SAM_ACCOUNT_NAME),
            ("CN", names.cn, MOST_IN_CN),
            ("user principal name", names.user_principal_name, MOST_IN_USER_PRINCIPAL_NAME),
            *(("address", address, MOST_IN_ADDRESS) for address in names.addresses),
            ("employee ID", record.profile.employee_id, EMPLOYEE_ID),
        )


class GroupIdentityLength(Rule[Group]):
    """Finding 101 of a group in Active Directory."""

    code = 101
    meaning = _LENGTH_MEANING
    condition = (
        f"sAM account name (at most {MOST_IN_GROUP_SAM_ACCOUNT_NAME} characters) or CN ({MOST_IN_CN}) of a group in "
        f"Active Directory, or mail nickname ({MOST_IN_MAIL_NICKNAME}) of one in Entra ID, is longer, or set and blank."
    )
    solution = _ASK_SUPPORT

    def find(self, record: Group, context: Context) -> str | None:  # noqa: ARG002  the port's shape
        """Say which fields, with their lengths."""
        in_ad, in_entra = record.ad_type is not None, record.aad_type is not None
        return _wrong_lengths(
            ("sAM account name", record.sam_account_name if in_ad else None, MOST_IN_GROUP_SAM_ACCOUNT_NAME),
            ("CN", record.cn if in_ad else None, MOST_IN_CN),
            ("mail nickname", record.aad_mail_nickname if in_entra else None, MOST_IN_MAIL_NICKNAME),
        )


class AddressUsedTwice(Rule[Account]):
    """Finding 102: no directory checks that a mail address is given to one person only."""

    code = 102
    meaning = Text(english="Two users have one address", german="Zwei Benutzer haben dieselbe Adresse")
    condition = (
        "User principal name, mail or an alias is also the user principal name, mail or alias of another user, "
        "whatever the case."
    )
    solution = Text(
        english="Delete the alias at one of the two, or tick «Regenerate Names» at the newer one.",
        german="Den Alias bei einer der beiden Personen löschen oder bei der neueren «Regenerate Names» anhaken.",
    )

    def find(self, record: Account, context: Context) -> str | None:
        """Say which address, and whose it is as well."""
        clash = context.addresses.get(record.key)
        return None if clash is None else f"{clash.name} is also an address of {clash.other}"


class UserNameHeldOutside(Rule[Account]):
    """Finding 103 of a user: ruling 12."""

    code = 103
    meaning = _FOREIGN_MEANING
    condition = (
        "The directory has an object that belongs to no record of Connect and holds the same sAM account name, or the "
        "user principal name, the mail or an alias as one of its addresses; or, while the user has no object, the same "
        "employeeID. Not while the next sync adopts that object, or an interrupted run may have created it for this "
        "user: the next sync looks into it."
    )
    solution = Text(
        english="If the object is this person's account from before Connect: let it be adopted; the plan says what is "
        "in the way. Otherwise tick «Regenerate Names»; a sAM account name, which is never formed in another way, is "
        "freed by renaming the other object, an employeeID by clearing it there.",
        german="Ist es das Konto dieser Person aus der Zeit vor Connect: übernehmen lassen; der Plan nennt, was im Weg "
        "steht. Sonst bei «Regenerate Names» ein Häkchen setzen; ein Sam Account Name, der nie anders gebildet wird, "
        "wird frei, wenn das andere Objekt umbenannt, eine employeeID, wenn sie dort geleert wird.",
    )

    def find(self, record: Account, context: Context) -> str | None:
        """Say which name, and the holder's objectGUID."""
        clash = context.held_outside.get(record.key)
        return None if clash is None else f"{clash.name} is held by object {clash.other}"


class GroupNameHeldOutside(Rule[Group]):
    """Finding 103 of a group: ruling 12."""

    code = 103
    meaning = _FOREIGN_MEANING
    condition = (
        "The directory has an object that belongs to no record of Connect and holds the same sAM account name as a "
        "group in Active Directory. Not while the next sync adopts that object, or an interrupted run may have created "
        "it for this group."
    )
    solution = Text(
        english="If the object is this group, from before Connect: let it be adopted; the plan says what is in the "
        "way. Otherwise rename or delete it.",
        german="Ist es diese Gruppe aus der Zeit vor Connect: übernehmen lassen; der Plan nennt, was im Weg steht. "
        "Sonst umbenennen oder löschen.",
    )

    def find(self, record: Group, context: Context) -> str | None:
        """Say which name, and the holder's objectGUID."""
        clash = context.held_outside.get(record.key)
        if clash is None or record.ad_type is None:
            return None
        return f"{clash.name} is held by object {clash.other}"


class GroupSamMissingOrShared(Rule[Group]):
    """Finding 104: the seed's warning 6 knows users only; sAM account names of users and groups share one space."""

    code = 104
    meaning = Text(
        english="The group's sAM account name is missing or not unique",
        german="Sam Account Name der Gruppe nicht vorhanden / nicht eindeutig",
    )
    condition = (
        "The sAM account name of a group in Active Directory is empty, or another group or a user has the same one, "
        "whatever the case."
    )
    solution = _ASK_SUPPORT

    def find(self, record: Group, context: Context) -> str | None:
        """Say that it is missing, or with whom it is shared."""
        if record.ad_type is None:
            return None
        if record.sam_account_name is None:
            return "no sAM account name"
        clash = context.sam_account_names.get(record.key)
        return None if clash is None else f"{clash.name} is also the sAM account name of {clash.other}"


class UserDnUnusable(Rule[Account]):
    """Finding 105 of a user: without a DN there is no place in the directory."""

    code = 105
    meaning = _DN_MEANING
    condition = _DN_CONDITION + "."
    solution = Text(
        english="Correct DN or DN First Elem by hand, or tick «Regenerate Names»: the next sync forms the second anew.",
        german="DN oder DN First Elem von Hand korrigieren, oder bei «Regenerate Names» ein Häkchen setzen: die "
        "nächste Synchronisation bildet DN First Elem neu.",
    )

    def find(self, record: Account, context: Context) -> str | None:
        """Say which part is missing or wrong."""
        return _wrong_part(record.names.dn_first_element, record.names.dn_parent, context.domain)


class GroupDnUnusable(Rule[Group]):
    """Finding 105 of a group in Active Directory."""

    code = 105
    meaning = _DN_MEANING
    condition = _DN_CONDITION + ", of a group in Active Directory."
    solution = _ASK_SUPPORT

    def find(self, record: Group, context: Context) -> str | None:
        """Say which part is missing or wrong."""
        if record.ad_type is None:
            return None
        return _wrong_part(record.dn_first_element, record.dn_parent, context.domain)


class AliasDoubled(Rule[Account]):
    """Finding 106: no harm, for the directory gets each address once, but a place in the ring is lost (ruling 32)."""

    code = 106
    meaning = Text(english="A mail alias is given twice", german="Mail Alias ist doppelt")
    condition = "An alias is also the mail or another alias of the same user, whatever the case."
    solution = Text(
        english="Delete the alias that is not needed. Nothing waits for it: the directory gets each address once.",
        german="Den überzähligen Mail Alias löschen. Es eilt nicht: das Verzeichnis erhält jede Adresse nur einmal.",
    )
    blocks = False

    def find(self, record: Account, context: Context) -> str | None:  # noqa: ARG002  the port's shape
        """Say which address."""
        seen: set[str] = set()
        for address in record.names.addresses:
            if folded(address) in seen:
                return f"{address} is given more than once"
            seen.add(folded(address))
        return None


class TypedDnUnused(Rule[Account]):
    """Finding 107: a first element typed by hand that no update could follow (ruling 10)."""

    code = 107
    meaning = Text(
        english="The DN First Elem typed by hand cannot be used",
        german="Das von Hand gesetzte DN First Elem kann nicht verwendet werden",
    )
    condition = (
        "The value of the DN's first element is not the CN that stands beside it. An update makes the CN, and without "
        "a login user principal name and mail, follow what a person has typed, unless somebody else holds the name or "
        "the address."
    )
    solution = Text(
        english="Run an update if there was none since. Otherwise somebody else holds this name, or the address that "
        "follows from it: type another one, or tick «Regenerate Names».",
        german="Falls seither keine Aktualisierung lief: Daten aktualisieren. Sonst ist der Name oder die Adresse, die "
        "daraus entsteht, vergeben: einen anderen eintragen oder bei «Regenerate Names» ein Häkchen setzen.",
    )

    def find(self, record: Account, context: Context) -> str | None:  # noqa: ARG002  the port's shape
        """Say what stands in both."""
        names = record.names
        if not (names.cn or "").strip() or not is_typed(names):
            return None
        return f"{names.dn_first_element} stands beside the CN {names.cn}"


class NotTakenOver(Rule[Account]):
    """Finding 111: a row of connect_migration that waits. Without it, its user would get a second account."""

    code = 111
    meaning = Text(
        english="Account and aliases of before could not be taken over",
        german="Konto und Aliasse von früher konnten nicht übernommen werden",
    )
    condition = (
        "connect_migration has a row of this user that no update has taken over: something is wrong with its GUID or "
        "an alias, or no run has read the directory since."
    )
    solution = Text(
        english="Correct or delete the row in connect_migration, then run again: it is taken over whole or not at all.",
        german="Die Zeile in connect_migration korrigieren oder löschen, dann erneut laufen lassen: sie wird ganz "
        "übernommen oder gar nicht.",
    )

    def find(self, record: Account, context: Context) -> str | None:
        """Say what is wrong with the row."""
        row = context.waiting.get(record.key)
        return None if row is None else row.refusal or "its row in connect_migration waits for a run"


def _wrong_lengths(*fields: tuple[str, str | None, int]) -> str | None:
    wrong = [
        f"{field} is blank" if blank else f"{field} has {length(value)} characters, the directory takes {most}"
        for field, value, most in fields
        if value is not None and ((blank := not value.strip()) or length(value) > most)
    ]
    return "; ".join(wrong) or None


def _wrong_part(first_element: str | None, parent: str | None, domain: str) -> str | None:
    if not first_element:
        return "the DN's first element is missing"
    if not dn.is_common_name(first_element):
        return f"{first_element!r} is no first element of a DN: expected is CN=…, its special characters escaped"
    if not parent:
        return "the DN's parent is missing"
    if not dn.is_name(parent) or dn.domain_of(parent) != domain:
        return f"the DN's parent {parent!r} is no place in {domain}"
    return None
