"""Validate (`connect_validate`): what is wrong with the rows of Connect's tables, before anything is synced."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from connect_worker.core.rules import GROUP_RULES, USER_RULES
from connect_worker.core.rules.context import Context
from connect_worker.core.rules.rule import Rule
from connect_worker.model.account import Account, Status
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKey
from connect_worker.model.finding import FIRST_OWN_CODE, Finding, Note
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, GroupKey
from connect_worker.model.state import State

Record = TypeVar("Record", Account, Group)

_FIRST_OVERWRITING_CODE = 4
"""The seed's statements for 1, 2 and 3 ask for `UserWarning IS NULL`, those from 4 on do not."""
_LEAVING = frozenset({Status.TO_DELETE, Status.IMMUNE})
"""Nobody could cure these rows any more, and the sync only disables or deletes them (ruling 31)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """Every finding, and the warning column of each record that has one; a record that is not in it has NULL.

    `drafts` are the manual users that are still being entered: neither validated nor synced (ruling 24).
    """

    findings: tuple[Finding, ...]
    user_codes: Mapping[AccountKey, int]
    group_codes: Mapping[GroupKey, int]
    drafts: frozenset[AccountKey] = frozenset()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop the sync of everything."""
        return tuple(finding for finding in self.findings if finding.blocks_everything)

    @property
    def blocked_objects(self) -> frozenset[ObjectKey]:
        """The records that the sync leaves alone, whether or not it may touch the others."""
        return frozenset(finding.key for finding in self.findings if finding.blocks) | self.drafts


def validate(state: State, configuration: Configuration, notes: Iterable[Note] = ()) -> Validation:
    """Apply every rule to every row, whatever its status, but to no draft. Linear in the number of rows.

    `notes` are the last update's, which become findings that nothing waits for.
    A draft holds its names against the others all the same.
    """
    context = Context.of(state, configuration, notes)
    users = {
        user.key: _examine(user, user.profile.display_name or user.names.cn, USER_RULES, context)
        for user in state.accounts
        if not user.is_draft
    }
    groups = {
        group.key: _examine(group, group.display_name or group.cn, GROUP_RULES, context) for group in state.groups
    }
    return Validation(
        findings=tuple(chain.from_iterable((*users.values(), *groups.values()))),
        user_codes={key: code for key, found in users.items() if (code := column_code(found)) is not None},
        group_codes={key: code for key, found in groups.items() if (code := column_code(found)) is not None},
        drafts=frozenset(user.key for user in state.accounts if user.is_draft),
    )


def column_code(findings: Iterable[Finding]) -> int | None:
    """Find the one warning that the column of a record shows, out of all its findings (ruling 30).

    The seed writes 1, 2 and 3 only where there is none yet, then lets 4, 5, 6, 7, 8 and 9 overwrite. Connect's own
    findings never show in the column.
    """
    codes = [finding.code for finding in findings if finding.code < FIRST_OWN_CODE]
    overwriting = [code for code in codes if code >= _FIRST_OVERWRITING_CODE]
    return max(overwriting) if overwriting else min(codes, default=None)


def _examine(record: Record, name: str | None, rules: Sequence[Rule[Record]], context: Context) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            key=record.key,
            code=rule.code,
            name=name or str(record.key),
            found=found,
            blocks=rule.blocks and record.status not in _LEAVING,
            relaxed=rule.code in context.relaxed,
        )
        for rule in rules
        if (found := rule.find(record, context)) is not None
    )
