"""The validation's rules: one class each, registered here in the order of their codes."""

from connect_worker.core.rules.mails import AliasInvalid, MailInvalid
from connect_worker.core.rules.mandants import (
    ChosenNotConfigured,
    ChosenOutsideMask,
    GroupChosenNotConfigured,
    GroupChosenOutsideMask,
    NoMandantChosen,
    NoMandantMask,
)
from connect_worker.core.rules.names import (
    GroupDnNotUnique,
    NoUserPrincipalName,
    SamAccountNameMissingOrShared,
    UserDnNotUnique,
)
from connect_worker.core.rules.noted import InsuranceNumberShared, LevelRowMissing, ValueCut
from connect_worker.core.rules.own import (
    AddressUsedTwice,
    AliasDoubled,
    GroupDnUnusable,
    GroupIdentityLength,
    GroupNameHeldOutside,
    GroupSamMissingOrShared,
    NotTakenOver,
    TypedDnUnused,
    UserDnUnusable,
    UserIdentityLength,
    UserNameHeldOutside,
)
from connect_worker.core.rules.rule import Rule
from connect_worker.model.account import Account
from connect_worker.model.finding import Finding
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey

USER_RULES: tuple[Rule[Account], ...] = (
    NoMandantChosen(),
    ChosenOutsideMask(),
    ChosenNotConfigured(),
    UserDnNotUnique(),
    NoUserPrincipalName(),
    SamAccountNameMissingOrShared(),
    MailInvalid(),
    NoMandantMask(),
    AliasInvalid(),
    UserIdentityLength(),
    AddressUsedTwice(),
    UserNameHeldOutside(),
    UserDnUnusable(),
    AliasDoubled(),
    TypedDnUnused(),
    ValueCut(),
    InsuranceNumberShared(),
    LevelRowMissing(),
    NotTakenOver(),
)
GROUP_RULES: tuple[Rule[Group], ...] = (
    NoMandantChosen(),
    GroupChosenOutsideMask(),
    GroupChosenNotConfigured(),
    GroupDnNotUnique(),
    NoMandantMask(),
    GroupIdentityLength(),
    GroupNameHeldOutside(),
    GroupSamMissingOrShared(),
    GroupDnUnusable(),
    ValueCut(),
)


def rule_of(finding: Finding) -> Rule[Account] | Rule[Group]:
    """Look up the rule behind a finding: its meaning, and what a person does about it."""
    rules = USER_RULES if isinstance(finding.key, AccountKey) else GROUP_RULES
    return next(rule for rule in rules if rule.code == finding.code)
