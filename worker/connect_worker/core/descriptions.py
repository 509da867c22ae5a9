"""What describes each account today, in both directories, against what stands in its row."""

from dataclasses import replace

from connect_worker.core.addresses import mail_nickname
from connect_worker.core.attributes import Attributes, ManagerDn
from connect_worker.core.candidates import Candidate
from connect_worker.core.dn import is_name
from connect_worker.core.entra import EntraAttributes
from connect_worker.core.extensions import ExtensionAttributes
from connect_worker.core.lengths import Fitting
from connect_worker.core.school import School
from connect_worker.core.scope import StudentScope
from connect_worker.model.account import Account, EntraProfile, Extensions, Profile
from connect_worker.model.configuration import Audience, Configuration, DisplayNameFollows, InfoSwitch
from connect_worker.model.finding import Note, NoteCode

Description = tuple[Profile, EntraProfile, Extensions]


class Descriptions:
    """Describes one account after the other; `notes` say what had to be cut (ruling 32)."""

    def __init__(self, configuration: Configuration, school: School, *, version: str, manager_dn: ManagerDn) -> None:
        """See Attributes. Raises ConfigurationError for a template that does not parse."""
        self._names_follow = configuration.display_name_follows is DisplayNameFollows.AT_ONCE
        self._fitting = Fitting()
        self._attributes = Attributes(
            configuration, school, version=version, manager_dn=manager_dn, fitting=self._fitting
        )
        self._entra = EntraAttributes(configuration, school, self._fitting)
        self._extensions = ExtensionAttributes(configuration, school, self._fitting)
        self.notes: list[Note] = []

    def describe(self, account: Account, candidate: Candidate, *, names_too: bool) -> Account:
        """The row as the master data have it; `names_too`: also names that follow on request only (ruling 14)."""
        profile, entra, extensions = self._described(account, candidate)
        profile = self._settled(profile, account.profile, names_too=names_too or self._names_follow)
        self._note_cuts(account)
        same = entra == account.entra and extensions == account.extension_attributes
        if same and (profile == account.profile or _is_version_only(profile, account.profile, candidate.audience)):
            if candidate.source_version == account.source_version:
                return account
            return replace(account, source_version=candidate.source_version)
        return replace(
            account,
            profile=profile,
            entra=entra,
            extension_attributes=extensions,
            source_version=candidate.source_version,
            has_changed=True,
        )

    def _described(self, account: Account, candidate: Candidate) -> Description:
        scope, principal_name = candidate.scope, account.names.user_principal_name
        if isinstance(scope, StudentScope):
            assert scope.placement is not None
            entra = self._entra.of_student(scope.person, scope.placement, principal_name)
            return (
                self._attributes.of_student(scope.person, scope.placement, account.mandant_chosen),
                entra,
                self._extensions.of_student(scope.person, scope.placement, account, entra.graduation_year),
            )
        return (
            self._attributes.of_staff(scope.person, account.mandant_chosen),
            self._entra.of_staff(scope.person, principal_name),
            self._extensions.of_staff(scope.person, account),
        )

    def _settled(self, profile: Profile, old: Profile, *, names_too: bool) -> Profile:
        """A manager whose DN somebody mistyped (finding 105) stays who he was, until it is corrected."""
        if profile.manager is not None and not is_name(profile.manager):
            profile = replace(profile, manager=old.manager)
        if names_too:
            return profile
        return replace(profile, given_name=old.given_name, surname=old.surname, display_name=old.display_name)

    def _note_cuts(self, account: Account) -> None:
        cuts = self._fitting.take_cuts()
        if cuts is not None:
            self.notes.append(Note(key=account.key, code=NoteCode.VALUE_CUT, found=cuts))


def _is_version_only(profile: Profile, old: Profile, audience: Audience) -> bool:
    """The program's version is written along with another change only (ruling 22)."""
    return audience.info is InfoSwitch.VERSION and replace(profile, info=old.info) == old


def with_nickname(account: Account) -> Account:
    """A manual user has no record to be described by: only the nickname, for it follows the login."""
    nickname = mail_nickname(account.names.user_principal_name)
    if nickname == account.entra.mail_nickname:
        return account
    return replace(account, entra=replace(account.entra, mail_nickname=nickname), has_changed=True)
