"""What a domain asks of passwords against what Connect would set (ruling 27). All kinds have three kinds of signs."""

from collections.abc import Iterator, Sequence

from connect_worker.core.dn import is_below
from connect_worker.core.passwords import shortest
from connect_worker.model.configuration import Configuration, PasswordKind, PasswordPolicy
from connect_worker.model.password_rules import PasswordRules

_KINDS = {
    PasswordKind.SIMPLE: "simple passwords",
    PasswordKind.SIMPLE_WITH_SPECIAL: "simple passwords with a special character",
    PasswordKind.COMPLEX: "complex passwords",
}


def refused(configuration: Configuration, rules: Sequence[PasswordRules], bases: Sequence[str]) -> tuple[str, ...]:
    """What the domain would refuse, or what would lock people out, in sentences that name the level.

    A fine-grained policy counts where it holds for somebody below the bases.
    """
    counting = [one for one in rules if not one.name or any(is_below(dn, b) for dn in one.applies_to for b in bases)]
    return tuple(
        f"{whose}: {fault}"
        for whose, policy in _policies(configuration)
        for one in counting
        for fault in _faults(policy, one)
    )


def _policies(configuration: Configuration) -> Iterator[tuple[str, PasswordPolicy]]:
    yield "staff", configuration.staff.password
    yield "manual users", configuration.manual_password
    for row in configuration.levels:
        years = f", program years {', '.join(map(str, sorted(row.program_years)))}" if row.program_years else ""
        yield f"level {row.level}{years}", row.password


def _faults(policy: PasswordPolicy, rules: PasswordRules) -> Iterator[str]:
    who = f"the fine-grained policy {rules.name}" if rules.name else "the domain"
    length = shortest(policy)
    if length < rules.shortest:
        example = " such as Blu38me" if policy.kind is PasswordKind.SIMPLE and length == len("Blu38me") else ""
        yield f"{_KINDS[policy.kind]}{example} have {length} signs, and {who} wants {rules.shortest} at least"
    if policy.may_not_change and not policy.never_expires and rules.max_age_days is not None:
        days = rules.max_age_days
        yield f"passwords may not be changed, and {who} lets them expire after {days} days: then nobody gets in"
