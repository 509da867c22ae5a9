"""From drafts to today's groups and memberships, over yesterday's: names, status, members (rulings 6, 7, 18, 24)."""

from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import datetime

from connect_worker.core import manual
from connect_worker.core.group_drafts import GroupDraft
from connect_worker.core.lengths import DISPLAY_NAME, LONG, Fitting
from connect_worker.core.lifecycle import ended_group, kept_group
from connect_worker.core.school import School
from connect_worker.core.templates import GroupTemplates, Placeholder
from connect_worker.model.account import Origin, Status
from connect_worker.model.configuration import Configuration
from connect_worker.model.finding import Note, NoteCode
from connect_worker.model.group import Group, Members, Memberships
from connect_worker.model.ids import AccountKey, GroupKey, Mandant, mask_of


def group_info(version: str, now: datetime) -> str:
    """What a group's info says: the program's version, and when its row was changed, in the customer's time."""
    return f"Connect {version}, Update: {now:%d.%m.%Y %H:%M:%S}"


class GroupUpdate:
    """Turns drafts into today's groups and memberships, over yesterday's; `notes` say what was cut (ruling 32)."""

    def __init__(self, configuration: Configuration, school: School, *, info: str) -> None:
        """`info` is given to each group that changes. Raises ConfigurationError for a template that does not parse."""
        self._configuration = configuration
        self._school = school
        self._info = info
        self._fitting = Fitting()
        self.notes: list[Note] = []
        self._all_mandants = mask_of(*(row.number for row in configuration.mandants))
        self._templates = {rule: GroupTemplates.of(rule, configuration.test_prefix) for rule in configuration.groups}

    def groups(self, before: Iterable[Group], drafts: Iterable[GroupDraft]) -> tuple[Group, ...]:
        """Today's groups: new ones, renamed ones, those that ended, and manual ones untouched (ruling 24)."""
        wanted = {draft.key: draft for draft in drafts}
        old = {group.key: group for group in before}
        kept = (self._kept(group, wanted.get(group.key)) for group in old.values() if not _is_over(group, wanted))
        new = (self._drafted(draft, None) for key, draft in wanted.items() if key not in old)
        return (*kept, *new)

    def _kept(self, group: Group, draft: GroupDraft | None) -> Group:
        if group.is_manual:
            return manual.kept_group(group, self._all_mandants)
        if group.status is Status.IMMUNE:
            return group
        if draft is None:
            return ended_group(
                group, today=self._school.today, grace_days=self._configuration.group_grace_days(group.key)
            )
        return self._drafted(draft, kept_group(group))

    def _drafted(self, draft: GroupDraft, before: Group | None) -> Group:
        """Its info is renewed along with another change only (ruling 22)."""
        old = before if before is not None else _new_group(draft)
        after = self._described(old, draft)
        cuts = self._fitting.take_cuts()
        if cuts is not None:
            self.notes.append(Note(key=draft.key, code=NoteCode.VALUE_CUT, found=cuts))
        return old if after == old else replace(after, has_changed=True, info=self._info)

    def _described(self, group: Group, draft: GroupDraft) -> Group:
        """The group as its rule wants it; its names follow the chosen mandant, whoever chose it (ruling 16)."""
        rule, base = draft.rule, self._configuration.base_dn
        by_hand = group.mandant_chosen_by is Origin.PERSON
        chosen = group.mandant_chosen if by_hand else draft.mandant_chosen
        names = self._templates[rule].fill({**draft.values, Placeholder.MANDANT: self._short_name(chosen)})
        cut = self._fitting.cut
        return replace(
            group,
            dn_parent=names.parent or (f"{rule.parent},{base}" if rule.parent else base),
            dn_first_element=names.dn_first_element,
            cn=names.cn,
            sam_account_name=names.sam_account_name,
            display_name=self._fitting.fit("display name", names.display_name, DISPLAY_NAME),
            description=cut("description", names.name, LONG),
            ad_type=rule.ad_type,
            aad_type=rule.aad_type,
            aad_mail_nickname=names.mail_nickname,
            mandants=draft.mandants,
            mandant_chosen=chosen,
        )

    def _short_name(self, mandant: Mandant | None) -> str:
        record = self._school.mandant(mandant)
        return record.short_name if record is not None else ""


def memberships(
    before: Memberships, groups: Iterable[Group], drafts: Iterable[GroupDraft], frozen: frozenset[AccountKey]
) -> Memberships:
    """Today's members by rule beside those by hand.

    `frozen` are users who are not active: they keep the memberships that they have (ruling 7). Groups that ended or
    are deactivated keep their members.
    """
    drafted = {draft.key: draft.members for draft in drafts}
    nobody = Members()
    after: dict[GroupKey, Members] = {}
    for group in groups:
        old = before.get(group.key, nobody)
        members = drafted.get(group.key)
        if members is None or group.status is not Status.ACTIVE:
            after[group.key] = old
            continue
        computed = members | (old.automatic & frozen)
        after[group.key] = old if computed == old.automatic else replace(old, automatic=computed)
    return after


def _is_over(group: Group, wanted: Container[GroupKey]) -> bool:
    """An immune group without an object that no rule yields any more: nobody waits for it (ruling 6)."""
    gone = group.status is Status.IMMUNE and group.object_guid is None
    return gone and not group.is_manual and group.key not in wanted


def _new_group(draft: GroupDraft) -> Group:
    return Group(
        key=draft.key,
        dn_parent=None,
        dn_first_element=None,
        cn=None,
        sam_account_name=None,
        display_name=None,
        description=None,
        ad_type=draft.rule.ad_type,
        mandants=draft.mandants,
        mandant_chosen=draft.mandant_chosen,
    )
