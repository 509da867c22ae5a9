"""Whose passwords are reset by an order, and what stands in the way (manual, «Initialpasswort zurücksetzen»).

A class is its pupils: staff are named one by one, and who is on the way out is left out (ruling 7). What is ordered is
stored with the reset flag; the directory gets it with the next sync, or at once (ruling 29).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from connect_worker.core.candidates import Candidate
from connect_worker.core.manual import NewPassword
from connect_worker.core.passwords import tokens_of
from connect_worker.core.places import audience_of
from connect_worker.core.validation import validate
from connect_worker.errors import ConfigurationError
from connect_worker.model.account import Account, Status
from connect_worker.model.configuration import Configuration, PasswordPolicy
from connect_worker.model.ids import AccountKey, UserType
from connect_worker.model.person import Student
from connect_worker.model.state import State

REASON = "ResetRefused"
_STATUS = {
    Status.DEACTIVATED: "deactivated",
    Status.TO_DELETE: "to be deleted",
    Status.IMMUNE: "immune",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetOrder:
    """Named users, or the pupils of a class; with new passwords by their policies, or with those that are stored."""

    users: tuple[AccountKey, ...] = ()
    class_id: int | None = None
    generate: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reset:
    """One account as it is stored; `obstacle`: why the directory cannot get the password now, None if nothing is."""

    account: Account
    obstacle: str | None


def chosen(order: ResetOrder, state: State, students: Iterable[Student]) -> tuple[Account, ...]:
    """The accounts of an order, by their keys. Raises ConfigurationError with everything that cannot be done."""
    known = {account.key: account for account in state.accounts}
    faults = [f"{key}: there is no such user" for key in order.users if key not in known]
    keys = dict.fromkeys(key for key in order.users if key in known)
    if order.class_id is not None:
        pupils = _pupils(order.class_id, students, known)
        if not pupils:
            faults.append(f"class {order.class_id} has no pupil with a login that is not on the way out")
        keys |= dict.fromkeys(pupils)
    accounts = [known[key] for key in sorted(keys)]
    if not order.generate:
        faults += [f"{a.key}: no initial password is stored" for a in accounts if a.initial_password is None]
    if faults:
        raise ConfigurationError(
            *faults,
            todo="Name users by type and number, like S.00012; a missing password is made with --generate",
            reason=REASON,
        )
    return tuple(accounts)


def resets(accounts: Iterable[Account], state: State, configuration: Configuration) -> tuple[Reset, ...]:
    """The accounts with the flag set, and what stands in the way of each."""
    codes: dict[AccountKey, list[int]] = {}
    for finding in validate(state, configuration).findings:
        if finding.blocks and isinstance(finding.key, AccountKey):
            codes.setdefault(finding.key, []).append(finding.code)
    return tuple(
        Reset(
            account=replace(account, password_reset=True, password_reset_confirmed=True),
            obstacle=_obstacle(account, codes.get(account.key, ()), configuration),
        )
        for account in accounts
    )


def with_new_passwords(
    found: Iterable[Reset],
    configuration: Configuration,
    candidates: Mapping[AccountKey, Candidate],
    new_password: NewPassword,
) -> tuple[Reset, ...]:
    """The same with new passwords, by the policy that holds for each person today (ruling 28)."""
    return tuple(
        replace(reset, account=_renewed(reset.account, configuration, candidates, new_password)) for reset in found
    )


def _renewed(
    account: Account,
    configuration: Configuration,
    candidates: Mapping[AccountKey, Candidate],
    new_password: NewPassword,
) -> Account:
    policy = _policy(account, configuration, candidates.get(account.key))
    profile = account.profile
    tokens = tokens_of(profile.given_name, profile.surname, profile.display_name)
    return replace(account, initial_password=new_password(account.key, policy, tokens))


def _policy(account: Account, configuration: Configuration, candidate: Candidate | None) -> PasswordPolicy:
    if account.key.type is UserType.MANUAL:
        return configuration.manual_password
    if candidate is not None and candidate.policy is not None:
        return candidate.policy
    return audience_of(configuration, account.key.type).password


def _pupils(class_id: int, students: Iterable[Student], known: Mapping[AccountKey, Account]) -> list[AccountKey]:
    keys = (AccountKey(UserType.STUDENT, student.id) for student in students if student.class_id == class_id)
    staying = {Status.ACTIVE, Status.DEACTIVATED}
    return [key for key in keys if key in known and known[key].status in staying]


def _obstacle(account: Account, codes: Iterable[int], configuration: Configuration) -> str | None:
    if account.status is not Status.ACTIVE:
        return f"it is {_STATUS[account.status]}: it is set once it is active again"
    if account.object_guid is None:
        return "there is no account yet: it is created with this password"
    numbers = ", ".join(map(str, codes))
    if numbers:
        return f"its own finding must be solved first: {numbers}"
    return None if configuration.sync_ad else "the synchronisation with Active Directory is switched off"
