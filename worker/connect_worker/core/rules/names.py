"""Rules 4, 5 and 6: what identifies a record by name (seed 002, «connect_validate»; ruling 30)."""

from connect_worker.core.rules.context import Context
from connect_worker.core.rules.rule import Rule, Text
from connect_worker.model.account import Account
from connect_worker.model.group import Group

REGENERATE = Text(
    english="Tick «Regenerate Names»: the next sync forms it anew.",
    german="Bei «Regenerate Names» ein Häkchen setzen: die nächste Synchronisation bildet ihn neu.",
)
_DN_MEANING = Text(english="The DN's first element is not unique", german="DN First Elem ist nicht eindeutig")


class UserDnNotUnique(Rule[Account]):
    """Warning 4 of a user: two users would stand under one name in the directory."""

    code = 4
    meaning = _DN_MEANING
    condition = (
        "Another user has the same first element of the DN, whatever the case; missing ones (NULL) are never the same."
    )
    solution = REGENERATE

    def find(self, record: Account, context: Context) -> str | None:
        """Say which name is shared, and with whom."""
        clash = context.user_dn_first_elements.get(record.key)
        return None if clash is None else f"{clash.name} is also the DN's first element of {clash.other}"


class GroupDnNotUnique(Rule[Group]):
    """Warning 4 of a group: two groups would stand under one name in the directory."""

    code = 4
    meaning = _DN_MEANING
    condition = (
        "Another group has the same first element of the DN, whatever the case; missing ones (NULL) are never the same."
    )
    solution = Text(
        english="Two group definitions yield the same name: ask the support.",
        german="Zwei Gruppendefinitionen ergeben denselben Namen: den Support fragen.",
    )

    def find(self, record: Group, context: Context) -> str | None:
        """Say which name is shared, and with which group."""
        clash = context.group_dn_first_elements.get(record.key)
        return None if clash is None else f"{clash.name} is also the DN's first element of {clash.other}"


class NoUserPrincipalName(Rule[Account]):
    """Warning 5: the user has nothing to sign in with."""

    code = 5
    meaning = Text(english="The user principal name is missing", german="User Principal Name ist nicht vorhanden")
    condition = "The user principal name is missing (NULL)."
    solution = REGENERATE

    def find(self, record: Account, context: Context) -> str | None:  # noqa: ARG002  the port's shape
        """Say that it is missing."""
        return "no user principal name" if record.names.user_principal_name is None else None


class SamAccountNameMissingOrShared(Rule[Account]):
    """Warning 6: the seed's SQL knows «missing» only, the manual says «not unique» too, and the manual holds."""

    code = 6
    meaning = Text(
        english="The sAM account name is missing or not unique",
        german="Sam Account Name nicht vorhanden / nicht eindeutig",
    )
    condition = "The sAM account name is missing (NULL), or another user has the same one, whatever the case."
    solution = REGENERATE

    def find(self, record: Account, context: Context) -> str | None:
        """Say that it is missing, or with whom it is shared."""
        if record.names.sam_account_name is None:
            return "no sAM account name"
        clash = context.user_sam_account_names.get(record.key)
        return None if clash is None else f"{clash.name} is also the sAM account name of {clash.other}"
