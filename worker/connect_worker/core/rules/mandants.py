"""Rules 1, 2, 3 and 8: the mandant that a record belongs to (seed 002, «connect_validate»; rulings 16 and 30)."""

from connect_worker.core.rules.context import Context
from connect_worker.core.rules.rule import Rule, Text
from connect_worker.model.account import Account
from connect_worker.model.group import Group
from connect_worker.model.ids import Mandant, MandantMask, mandants_of

OVER_ALL_MANDANTS = 0
"""Chosen by groups that stand above the mandants; for users it is no mandant at all."""

_CHOOSE = Text(
    english="Choose the valid mandant (the main one) in the field for the chosen mandant. "
    "If a further mandant really is to be set up for Connect, ask the support.",
    german="Im Feld «Eindeutiger Mandant» den gültigen Mandanten auswählen. "
    "Muss tatsächlich ein weiterer Mandant für Connect konfiguriert werden, den Support fragen.",
)


class NoMandantChosen(Rule[Account | Group]):
    """Warning 1: the record belongs to several mandants, or to none, and nobody has said which one counts."""

    code = 1
    meaning = Text(english="No mandant is chosen", german="Kein eindeutiger Mandant zugewiesen")
    condition = "The chosen mandant is missing (NULL)."
    solution = Text(
        english="Choose the valid mandant (the main one) in the field for the chosen mandant.",
        german="Im Feld «Eindeutiger Mandant» den gültigen Mandanten (Hauptmandanten) auswählen.",
    )

    def find(self, record: Account | Group, context: Context) -> str | None:  # noqa: ARG002  the port's shape
        """Say which mandants there are to choose from."""
        if record.mandant_chosen is not None:
            return None
        return f"no mandant is chosen; the record's mandants are: {_listed(record.mandants)}"


class ChosenOutsideMask(Rule[Account | Group]):
    """Warning 2: a mandant is chosen that the master record is not released for."""

    code = 2
    meaning = Text(
        english="The chosen mandant is not one of the record's mandants",
        german="Eindeutiger Mandant ist nicht Teil von Mandant Source",
    )
    condition = (
        "A mandant is chosen, the record's mandant mask is set, and the mask lacks the chosen mandant's bit; "
        "0 and negative numbers have no bit. A group above the mandants (0) is exempt."
    )
    solution = _CHOOSE

    def find(self, record: Account | Group, context: Context) -> str | None:  # noqa: ARG002  the port's shape
        """Say which mandant is chosen, and from which ones."""
        chosen, mask = record.mandant_chosen, record.mandants
        if chosen is None or mask is None or _holds(mask, chosen):
            return None
        return f"mandant {chosen} is chosen; the record's mandants are: {_listed(mask)}"


class ChosenNotConfigured(Rule[Account | Group]):
    """Warning 3: a mandant is chosen that Connect was not set up for."""

    code = 3
    meaning = Text(
        english="The chosen mandant is not set up for Connect",
        german="Eindeutiger Mandant ist nicht Teil der Mandanten in Connect",
    )
    condition = (
        "A mandant is chosen that is not among the configured mandants. A group above the mandants (0) is exempt."
    )
    solution = _CHOOSE

    def find(self, record: Account | Group, context: Context) -> str | None:
        """Say which mandant is chosen, and which ones are configured."""
        chosen = record.mandant_chosen
        if chosen is None or chosen in context.configured:
            return None
        return f"mandant {chosen} is chosen; configured are: {_numbers(sorted(context.configured))}"


class GroupChosenOutsideMask(ChosenOutsideMask):
    """Warning 2 of a group: one above the mandants is exempt."""

    def find(self, record: Account | Group, context: Context) -> str | None:
        """Say which mandant is chosen, and from which ones."""
        return None if record.mandant_chosen == OVER_ALL_MANDANTS else super().find(record, context)


class GroupChosenNotConfigured(ChosenNotConfigured):
    """Warning 3 of a group: one above the mandants is exempt."""

    def find(self, record: Account | Group, context: Context) -> str | None:
        """Say which mandant is chosen, and which ones are configured."""
        return None if record.mandant_chosen == OVER_ALL_MANDANTS else super().find(record, context)


class NoMandantMask(Rule[Account | Group]):
    """Warning 8: the record carries no mandants at all, which is a fault of the configuration."""

    code = 8
    meaning = Text(english="The mandant is missing", german="Der Mandant ist nicht vorhanden")
    condition = "The record's mandant mask (Mandantzahl) is missing (NULL); 0 is not missing."
    solution = Text(
        english="A parameter of the basic configuration may be wrong: ask the support.",
        german="Möglicherweise ein fehlerhafter Parameter in der Grundkonfiguration: den Support fragen.",
    )

    def find(self, record: Account | Group, context: Context) -> str | None:  # noqa: ARG002  the port's shape
        """Say that the mask is empty."""
        return "the record has no mandant mask" if record.mandants is None else None


def _holds(mask: MandantMask, mandant: Mandant) -> bool:
    """Tell whether the mask has this mandant's bit. Shifts the mask, not 1: `chosen` may be any number."""
    return mandant > 0 and bool(mask >> mandant - 1 & 1)


def _listed(mask: MandantMask | None) -> str:
    return "none" if mask is None else _numbers(list(mandants_of(mask)))


def _numbers(mandants: list[Mandant]) -> str:
    return ", ".join(str(number) for number in mandants) or "none"
