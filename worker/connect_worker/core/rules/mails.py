"""Rules 7 and 9: mail addresses that a mail system would refuse (seed 002, «connect_validate»; ruling 30)."""

from connect_worker.core.addresses import is_valid_address
from connect_worker.core.rules.context import Context
from connect_worker.core.rules.rule import Rule, Text
from connect_worker.model.account import Account


class MailInvalid(Rule[Account]):
    """Warning 7: the mail address, which is formed from DN and user principal name, is wrong or missing."""

    code = 7
    meaning = Text(english="The mail address is invalid", german="Mail ist ungültig")
    condition = (
        "The mail address is missing (NULL), or breaks one of: a letter, digit, `_` or `-` begins both the part before "
        "the @ and the part after it; the part after it has a dot that two letters follow; there is one @; no dot "
        "before the @, no two dots in a row, no comma, no blank; the last character is a letter. Letters are a to z "
        "and A to Z."
    )
    solution = Text(
        english="Look for special characters and needless blanks in first and last name of the master record. "
        "If all is well there, tick «Regenerate Names»: the next sync forms DN, user principal name and mail anew.",
        german="Vor- und Nachname in den Stammdaten auf Sonderzeichen und unnötige Leerschläge prüfen. Ist dort alles "
        "korrekt, bei «Regenerate Names» ein Häkchen setzen: die nächste Synchronisation bildet DN, UPN und Mail neu.",
    )

    def find(self, record: Account, context: Context) -> str | None:  # noqa: ARG002  the port's shape
        """Show the address."""
        mail = record.names.mail
        if is_valid_address(mail):
            return None
        return "no mail address" if mail is None else f"mail address {mail!r} is invalid"


class AliasInvalid(Rule[Account]):
    """Warning 9: an alias is wrong; it often shows up once a wrong mail (7) was cured and became an alias."""

    code = 9
    meaning = Text(english="A mail alias is invalid", german="Mail Alias ist ungültig")
    condition = "One of the five aliases is set (not NULL) and breaks the conditions of 7."
    solution = Text(
        english="Correct or delete the invalid alias by hand.",
        german="Fehlerhafte(n) Mail Alias doppelklicken und von Hand korrigieren oder löschen.",
    )

    def find(self, record: Account, context: Context) -> str | None:  # noqa: ARG002  the port's shape
        """Show each invalid alias with its place, 1 to 5."""
        invalid = [
            f"alias {place} {alias!r}"
            for place, alias in enumerate(record.names.aliases, start=1)
            if alias is not None and not is_valid_address(alias)
        ]
        return f"{', '.join(invalid)} invalid" if invalid else None
