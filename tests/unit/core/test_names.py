"""What accounts are called."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from time import process_time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_worker.core import dn
from connect_worker.core.addresses import is_valid_address
from connect_worker.core.names import NameRequest, Naming, in_naming_order
from connect_worker.core.taken_names import TakenNames
from connect_worker.errors import ConfigurationError
from connect_worker.model.account import NO_ALIASES, Account, Aliases, Names, Profile
from connect_worker.model.configuration import Audience, Configuration, MandantRule, PasswordKind, PasswordPolicy
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Guid, Mandant, MandantMask, UserType
from connect_worker.model.state import NameKind, ReservedName, State

TODAY = date(2026, 11, 22)
PARENT = "OU=User,DC=connect,DC=test"
DOMAIN = "schule.ch"
SOMEBODY = AccountKey(UserType.STUDENT, 9)
AUDIENCE = Audience(
    parent="OU=User",
    name_template="[Vorname]['.'][Nachname]",
    lead_days=14,
    grace_days=30,
    password=PasswordPolicy(kind=PasswordKind.COMPLEX),
)
CONFIGURATION = Configuration(
    base_dn="DC=connect,DC=test",
    staff=AUDIENCE,
    students=AUDIENCE,
    levels=(),
    mandants=(MandantRule(number=Mandant(1), student_domain="lernende.ch", staff_domain=DOMAIN),),
    groups=(),
)


def state(*accounts: Account, groups: Iterable[Group] = (), reserved: Iterable[ReservedName] = ()) -> State:
    return State(accounts=accounts, groups=tuple(groups), memberships={}, reserved=tuple(reserved))


def naming(
    *accounts: Account, configuration: Configuration = CONFIGURATION, reserved: Iterable[ReservedName] = ()
) -> Naming:
    return Naming(configuration, TakenNames(state(*accounts, reserved=reserved), today=TODAY))


def templated(template: str) -> Configuration:
    return replace(CONFIGURATION, students=replace(AUDIENCE, name_template=template))


def request(first: str, last: str, number: int = 12, login: str | None = None, **more: str) -> NameRequest:
    plain = NameRequest(
        key=AccountKey(UserType.STUDENT, number),
        first_name=first,
        last_name=last,
        short_code=None,
        login=login,
        domain=DOMAIN,
        parent_dn=PARENT,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def account(number: int, local_part: str, *, guid: Guid | None = None) -> Account:
    key = AccountKey(UserType.STUDENT, number)
    return Account(
        key=key,
        names=names(key, local_part),
        profile=Profile(),
        mandants=MandantMask(1),
        mandant_chosen=Mandant(1),
        object_guid=guid,
    )


def names(key: AccountKey, local_part: str) -> Names:
    return Names(
        dn_parent=PARENT,
        dn_first_element=f"CN={local_part.title()}",
        cn=local_part.title(),
        sam_account_name=str(key),
        user_principal_name=f"{local_part}@{DOMAIN}",
        mail=f"{local_part}@{DOMAIN}",
    )


def test_names_follow_first_and_last_name() -> None:
    assert naming().allocate(request("Anna", "Müller")) == Names(
        dn_parent=PARENT,
        dn_first_element="CN=Anna.Mueller",
        cn="Anna.Mueller",
        sam_account_name="S.00012",
        user_principal_name="anna.mueller@schule.ch",
        mail="anna.mueller@schule.ch",
    )


@pytest.mark.parametrize(
    ("first", "last", "cn", "local_part"),
    [
        ("Seán", "O'Brien", "Sean.OBrien", "sean.obrien"),
        ("Juan", "de la Cruz", "Juan.de la Cruz", "juan.de.la.cruz"),
        ("Ida", "von der Lippe-Weißenfeld", "Ida.von der Lippe-Weissenfeld", "ida.von.der.lippe-weissenfeld"),
        ("İpek", "Işık", "Ipek.Isik", "ipek.isik"),
        ("Thị Ánh", "Nguyễn", "Thi Anh.Nguyen", "thi.anh.nguyen"),
        ("Łukasz", "Żak", "Lukasz.Zak", "lukasz.zak"),
        ("Дмитрий", "Иванов", "Dmitrii.Ivanov", "dmitrii.ivanov"),
        ("محمد", "Haddad", "Haddad", "haddad"),
        (
            "Anna (Anni)",
            "Meier/Müller, geb. Roth",
            "Anna Anni.Meier Mueller geb. Roth",
            "anna.anni.meier.mueller.geb.roth",
        ),
        ("Anna.", ".Meier-", "Anna.Meier", "anna.meier"),
        ("李", "明", "S.00012", "s.00012"),
        ("", " ", "S.00012", "s.00012"),
        ("'", "-_.", "S.00012", "s.00012"),
    ],
)
def test_names_of_the_whole_world(first: str, last: str, cn: str, local_part: str) -> None:
    given = naming().allocate(request(first, last))
    assert given.cn == cn
    assert given.mail == f"{local_part}@{DOMAIN}"


def test_the_second_and_third_holder_bear_a_number() -> None:
    namer = naming()
    given = [
        namer.allocate(request("Anna", last, number)) for number, last in enumerate(("Müller", "Mueller", "MÜLLER"))
    ]
    assert [name.cn for name in given] == ["Anna.Mueller", "Anna.Mueller1", "Anna.MUELLER2"]
    assert [name.mail for name in given] == [f"anna.mueller{number}@{DOMAIN}" for number in ("", 1, 2)]


def test_the_lowest_free_number_is_used() -> None:
    namer = naming(account(1, "anna.meier"), account(2, "anna.meier2"))
    assert namer.allocate(request("Anna", "Meier")).mail == f"anna.meier1@{DOMAIN}"


def test_the_number_is_the_same_in_dn_and_address_even_where_only_one_is_taken() -> None:
    namer = naming(account(1, "anna.meier"))
    elsewhere = namer.allocate(request("Anna", "Meier", domain="lernende.ch"))
    assert (elsewhere.cn, elsewhere.mail) == ("Anna.Meier1", "anna.meier1@lernende.ch")
    with_login = naming(account(1, "ameier")).allocate(request("Anna", "Meier", login="ameier"))
    assert (with_login.cn, with_login.mail) == ("Anna.Meier1", f"ameier1@{DOMAIN}")


@pytest.mark.parametrize(
    ("login", "local_part"),
    [
        ("AMÜller", "amueller"),
        ("a meier", "a.meier"),
        ("a.meier@old.ch", "a.meier"),
        ("李", "anna.meier"),
        (" ", "anna.meier"),
    ],
)
def test_a_login_of_the_master_data_is_the_local_part(login: str, local_part: str) -> None:
    given = naming().allocate(request("Anna", "Meier", login=login))
    assert (given.cn, given.mail) == ("Anna.Meier", f"{local_part}@{DOMAIN}")


def group(**more: str | None) -> Group:
    plain = Group(
        key=GroupKey(Criterion.ALL_STAFF, Mandant(0), 0),
        dn_parent=PARENT,
        dn_first_element=None,
        cn=None,
        sam_account_name=None,
        display_name=None,
        description=None,
        ad_type="SG",
        mandants=MandantMask(1),
        mandant_chosen=Mandant(0),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def other(**more: str | Aliases) -> State:
    someone = account(1, "berta.roth")
    return state(replace(someone, names=replace(someone.names, **more)))  # type: ignore[arg-type]


def reserved(kind: NameKind, name: str, **more: Guid | AccountKey | date) -> State:
    return state(reserved=[ReservedName(kind=kind, name=name, **more)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "taken",
    [
        state(account(1, "anna.meier")),
        other(aliases=(None, None, None, None, "ANNA.Meier@Schule.ch")),
        other(user_principal_name="ANNA.Meier@Schule.ch"),
        other(dn_first_element="cn = anna.meier"),
        state(groups=[group(dn_first_element="cn=ANNA.Meier")]),
        reserved(NameKind.ADDRESS, "anna.meier@schule.ch", guid=Guid(UUID(int=1))),
        reserved(NameKind.DN_FIRST_ELEMENT, "cn=anna.meier"),
        reserved(NameKind.ADDRESS, "anna.meier@schule.ch", owner=SOMEBODY, until=date(2026, 11, 23)),
    ],
)
def test_a_name_is_taken_by_whoever_holds_it_whatever_the_case(taken: State) -> None:
    assert Naming(CONFIGURATION, TakenNames(taken, today=TODAY)).allocate(request("Anna", "Meier")).cn == "Anna.Meier1"


def test_a_reservation_that_ended_takes_no_name() -> None:
    ended = ReservedName(kind=NameKind.ADDRESS, name=f"anna.meier@{DOMAIN}", until=TODAY)
    assert naming(reserved=[ended]).allocate(request("Anna", "Meier")).cn == "Anna.Meier"


def test_a_person_who_comes_back_gets_the_names_of_before() -> None:
    owner = AccountKey(UserType.STUDENT, 12)
    kept = [
        ReservedName(kind=NameKind.DN_FIRST_ELEMENT, name="cn=anna.meier3", owner=owner, until=date(2027, 1, 1)),
        ReservedName(kind=NameKind.ADDRESS, name="anna.meier3@schule.ch", owner=owner, until=date(2027, 1, 1)),
    ]
    assert naming(reserved=kept).allocate(request("Anna", "Meier", 12)).mail == "anna.meier3@schule.ch"
    assert naming(reserved=kept).allocate(request("Anna", "Meier", 13)).mail == "anna.meier@schule.ch"
    assert naming(reserved=kept).allocate(request("Anna", "Roth", 12)).mail == "anna.roth@schule.ch"


def test_a_name_with_digits_comes_back_too() -> None:
    owner = AccountKey(UserType.STUDENT, 12)
    kept = [ReservedName(kind=NameKind.DN_FIRST_ELEMENT, name="cn=gast.zimmer127", owner=owner)]
    assert naming(reserved=kept).allocate(request("Gast", "Zimmer12", 12)).cn == "Gast.Zimmer127"


def test_what_the_directory_says_of_ones_own_object_takes_no_name_from_oneself() -> None:
    guid = Guid(UUID(int=7))
    own = account(12, "anna.mueller", guid=guid)
    seen = ReservedName(kind=NameKind.ADDRESS, name=f"anna.meier@{DOMAIN}", guid=guid)
    after = naming(own, reserved=[seen]).regenerate(request("Anna", "Meier"), own.names, known_to_directory=True)
    assert after.mail == f"anna.meier@{DOMAIN}"


def test_names_of_300_characters_are_cut_in_the_name_never_in_the_number() -> None:
    namer = naming()
    first, second = (namer.allocate(request("A" * 300, "B" * 300, number)) for number in (1, 2))
    assert first.cn == "A" * 64
    assert second.cn == "A" * 63 + "1"
    assert second.mail == "a" * 63 + f"1@{DOMAIN}"


def test_a_long_domain_leaves_the_local_part_less() -> None:
    domain = f"{'d' * 95}.ch"
    given = naming().allocate(request("A" * 30, "B" * 30, domain=domain))
    assert given.user_principal_name == f"{'a' * 29}@{domain}"
    assert given.cn == f"{'A' * 30}.{'B' * 30}"


def test_a_cut_leaves_no_separator_before_the_number() -> None:
    namer = naming()
    given = [namer.allocate(request("A" * 62, "B", number)) for number in (1, 2)]
    assert [name.cn for name in given] == [f"{'A' * 62}.B", f"{'A' * 62}1"]


@pytest.mark.parametrize(
    ("template", "cn", "local_part"),
    [
        ("['CN='][Nachname][' '][Vorname]", "Mueller Anna", "mueller.anna"),
        ("CN=[Name]\\, [Vorname]", "Mueller, Anna", "mueller.anna"),
        ("{first_name}.{last_name}", "Anna.Mueller", "anna.mueller"),
        ("[Kurzzeichen]['-'][ID]", "AM-12", "am-12"),
        ("['Schüler '][Login]", "Schueler am", "am"),
    ],
)
def test_the_template_decides(template: str, cn: str, local_part: str) -> None:
    namer = naming(configuration=templated(template))
    login = "am" if "Login" in template else None
    given = namer.allocate(request("Anna", "Müller", login=login, short_code="AM"))
    assert (given.cn, given.mail) == (cn, f"{local_part}@{DOMAIN}")
    assert dn.value_of(given.dn_first_element or "") == cn


def test_a_parent_in_the_template_wins() -> None:
    given = naming(configuration=templated("CN=[Name],OU=S,DC=a")).allocate(request("Anna", "Meier"))
    assert given.dn == "CN=Meier,OU=S,DC=a"


def test_staff_and_manual_users_have_the_staffs_template() -> None:
    namer = naming(configuration=templated("[Name]"))
    for kind in (UserType.STAFF, UserType.MANUAL):
        key = AccountKey(kind, 3)
        given = namer.allocate(replace(request("Anna", kind.name), key=key))
        assert given.cn == f"Anna.{kind.name}"
        assert given.sam_account_name == f"{kind.value}.00003"


def test_the_test_prefix_stands_before_every_name() -> None:
    given = naming(configuration=replace(CONFIGURATION, test_prefix="TEST_")).allocate(request("Anna", "Meier"))
    assert given.dn_first_element == "CN=TEST_Anna.Meier"
    assert given.sam_account_name == "TEST_S.00012"
    assert given.mail == given.user_principal_name == f"test_anna.meier@{DOMAIN}"


def test_without_a_chosen_mandant_there_is_no_address_yet() -> None:
    given = naming().allocate(replace(request("Anna", "Meier"), domain=None))
    assert (given.cn, given.user_principal_name, given.mail) == ("Anna.Meier", None, None)


def test_aliases_entered_beforehand_are_kept() -> None:
    aliases = ("anna@old.ch", f"anna.meier@{DOMAIN}", None, None, None)
    given = naming().allocate(request("Anna", "Meier"), aliases=aliases)
    assert given.aliases == ("anna@old.ch", None, None, None, None)


@pytest.mark.parametrize(
    ("configuration", "fault"),
    [
        (templated("[Nobody]"), "names of students: template '[Nobody]': unknown placeholder"),
        (templated("[Mandant]"), "names of students: template '[Mandant]': unknown placeholder"),
        (templated("Anna"), "names of students: template 'Anna' has no placeholder"),
        (replace(CONFIGURATION, test_prefix="TEST."), "test prefix 'TEST.'"),
        (replace(CONFIGURATION, test_prefix="TOO_LONG_"), "test prefix 'TOO_LONG_'"),
        (
            replace(
                CONFIGURATION, mandants=(MandantRule(number=Mandant(3), student_domain="", staff_domain="school"),)
            ),
            "mandant 3: 'school' is no mail domain",
        ),
    ],
)
def test_a_configuration_that_makes_no_names_is_refused(configuration: Configuration, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(fault)):
        naming(configuration=configuration)


def test_staff_are_named_first_then_students_then_manual_users_each_by_id() -> None:
    keys = [
        AccountKey(kind, number) for kind in (UserType.MANUAL, UserType.STUDENT, UserType.STAFF) for number in (10, 9)
    ]
    assert [str(key) for key in in_naming_order(keys)] == [
        "P.00009",
        "P.00010",
        "S.00009",
        "S.00010",
        "M.00009",
        "M.00010",
    ]


def test_regenerate_makes_the_old_mail_alias_1() -> None:
    old = account(12, "anna.meier")
    after = naming(old).regenerate(request("Anna", "Roth"), old.names, known_to_directory=True)
    assert after.dn == f"CN=Anna.Roth,{PARENT}"
    assert after.mail == after.user_principal_name == f"anna.roth@{DOMAIN}"
    assert after.aliases == (f"anna.meier@{DOMAIN}", None, None, None, None)


def test_an_old_mail_that_never_was_in_a_directory_becomes_no_alias() -> None:
    old = account(12, "anna.meier")
    assert naming(old).regenerate(request("Anna", "Roth"), old.names, known_to_directory=False).aliases == NO_ALIASES


def test_regenerate_without_a_change_changes_nothing() -> None:
    others, own = account(1, "anna.meier"), account(12, "anna.meier1")
    assert naming(others, own).regenerate(request("Anna", "Meier"), own.names, known_to_directory=True) == own.names


def test_going_back_to_an_old_name_takes_it_out_of_the_aliases() -> None:
    old = account(12, "anna.meier")
    namer = naming(old)
    married = namer.regenerate(request("Anna", "Roth"), old.names, known_to_directory=True)
    again = namer.regenerate(request("Anna", "Meier"), married, known_to_directory=True)
    assert again.mail == f"anna.meier@{DOMAIN}"
    assert again.aliases == (f"anna.roth@{DOMAIN}", None, None, None, None)


def test_nobody_gets_an_address_while_it_is_somebodys_alias_and_somebody_does_when_it_is_freed() -> None:
    own = account(12, "anna.meier")
    namer = naming(own)
    names_, lasts = own.names, ("B", "C", "D", "E", "F")
    for last in lasts:
        names_ = namer.regenerate(request("Anna", last), names_, known_to_directory=True)
    assert namer.allocate(request("Anna", "Meier", 13)).mail == f"anna.meier1@{DOMAIN}"
    namer.regenerate(request("Anna", "G"), names_, known_to_directory=True)
    assert namer.allocate(request("Anna", "Meier", 14)).mail == f"anna.meier@{DOMAIN}"


def test_a_name_that_two_hold_stays_taken_when_one_lets_go() -> None:
    first, second = account(1, "anna.meier"), account(2, "anna.meier")
    namer = naming(first, second)
    assert namer.regenerate(request("Anna", "Meier", 1), first.names, known_to_directory=True).cn == "Anna.Meier1"
    assert namer.allocate(request("Anna", "Meier", 3)).cn == "Anna.Meier2"
    assert namer.regenerate(request("Anna", "Meier", 2), second.names, known_to_directory=True).cn == "Anna.Meier"


def test_regenerate_keeps_ones_own_sam_name_and_replaces_one_that_somebody_else_holds_too() -> None:
    adopted = account(12, "anna.meier")
    adopted = replace(adopted, names=replace(adopted.names, sam_account_name="ameier"))
    kept = naming(adopted).regenerate(request("Anna", "Roth"), adopted.names, known_to_directory=True)
    assert kept.sam_account_name == "ameier"
    twin = account(13, "berta")
    twin = replace(twin, names=replace(twin.names, sam_account_name="AMEIER"))
    cured = naming(adopted, twin).regenerate(request("Anna", "Roth"), adopted.names, known_to_directory=True)
    assert cured.sam_account_name == "S.00012"


def test_regenerate_without_a_chosen_mandant_keeps_the_domain() -> None:
    old = account(12, "anna.meier")
    anew = replace(request("Anna", "Roth"), domain=None)
    assert naming(old).regenerate(anew, old.names, known_to_directory=True).mail == f"anna.roth@{DOMAIN}"


odd_names = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="aA.-_ 'ä1", max_size=8),
    st.sampled_from(["Müller", "Mueller", "x" * 300, "-." * 100 + "a", "Kai", "李", "O'Brien", "a1", "1"]),
)
people = st.lists(st.tuples(odd_names, odd_names, st.one_of(st.none(), odd_names)), max_size=12)
templates = st.sampled_from(
    ["[Vorname]['.'][Nachname]", "['CN='][Name][' '][Vorname]", "[Name]", "CN=[Name]\\, [Vorname]"]
)
domains = st.sampled_from([DOMAIN, "lernende.ch", f"{'d' * 97}.ch"])


def everybody(rows: list[tuple[str, str, str | None]], configuration: Configuration, domain: str) -> list[Names]:
    namer = naming(configuration=configuration)
    requests = [request(first, last, number, login, domain=domain) for number, (first, last, login) in enumerate(rows)]
    given = [namer.allocate(person) for person in requests]
    again = [
        namer.regenerate(person, old, known_to_directory=True) for person, old in zip(requests, given, strict=True)
    ]
    return [*given, *again]


@given(people, templates, domains, st.sampled_from(["", "T-"]))
def test_any_people_get_valid_unique_names_of_the_right_length(
    rows: list[tuple[str, str, str | None]], template: str, domain: str, prefix: str
) -> None:
    configuration = replace(templated(template), test_prefix=prefix)
    given = everybody(rows, configuration, domain)
    for unique in (given[: len(rows)], given[len(rows) :]):
        assert len({dn.normalise(name.dn_first_element or "") for name in unique}) == len(rows)
        assert len({(name.mail or "").casefold() for name in unique}) == len(rows)
        assert len({name.sam_account_name for name in unique}) == len(rows)
    for name in given:
        assert is_valid_address(name.mail)
        assert name.user_principal_name == name.mail
        assert name.mail is not None
        assert name.mail.isascii()
        assert name.mail.islower()
        assert len(name.mail.partition("@")[0]) <= 64
        assert len(name.mail) <= 128
        assert name.cn is not None
        assert 0 < len(name.cn) <= 64
        assert name.cn.isascii()
        assert dn.value_of(name.dn or "") == name.cn
        assert len(name.sam_account_name or "") <= 20
        assert all(
            part.startswith(prefix.lower())
            for part in (name.cn.lower(), name.mail, (name.sam_account_name or "").lower())
        )


@given(people, templates)
def test_the_same_people_get_the_same_names(rows: list[tuple[str, str, str | None]], template: str) -> None:
    assert everybody(rows, templated(template), DOMAIN) == everybody(rows, templated(template), DOMAIN)


@given(people)
def test_regenerating_those_who_did_not_change_moves_nobody_up_or_down(rows: list[tuple[str, str, str | None]]) -> None:
    given = everybody(rows, CONFIGURATION, DOMAIN)
    assert given[: len(rows)] == given[len(rows) :]


def test_taken_names_of_20_000_accounts_are_ready_at_once() -> None:
    """A guard against a slip of an order of magnitude, not a measurement."""
    everyone = state(*(account(number, f"anna.meier{number}") for number in range(20_000)))
    before = process_time()
    TakenNames(everyone, today=TODAY)
    assert process_time() - before < 1
