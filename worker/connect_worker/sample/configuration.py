"""The sample school's configuration, with the configurator's own group definitions (seed 002, «Konfigurator»)."""

from connect_worker.model.configuration import (
    Audience,
    Configuration,
    GroupRule,
    InfoSwitch,
    LevelRule,
    MandantRule,
    OfficeSwitch,
    PasswordKind,
    PasswordPolicy,
    TitleSwitch,
)
from connect_worker.model.ids import Criterion
from connect_worker.sample.frame import DORF, SEE
from connect_worker.sample.odd_pupils import LEAD_DAYS

GRACE_DAYS = 30

SIMPLE = PasswordPolicy(kind=PasswordKind.SIMPLE, never_expires=True)
SIMPLE_WITH_SPECIAL = PasswordPolicy(kind=PasswordKind.SIMPLE_WITH_SPECIAL, digits=2, never_expires=True)
COMPLEX = PasswordPolicy(kind=PasswordKind.COMPLEX, length=12, must_change=True)

GROUP_RULES = (
    GroupRule(
        criterion=Criterion.ALL_STAFF,
        parent="OU=Stufen,OU=Gruppen",
        dn_first_element="CN=Alle_Personal",
        name="Personal_Alle",
        display_name="Alle_Personal",
        sam_account_name="ALLE_PERS",
        ad_type="SG",
    ),
    GroupRule(
        criterion=Criterion.ALL_STUDENTS,
        parent="OU=Stufen,OU=Gruppen",
        dn_first_element="CN=Alle_Lernende",
        name="Schüler_Alle",
        display_name="Alle_Lernende",
        sam_account_name="ALLE_STUD",
        ad_type="SG",
    ),
    GroupRule(
        criterion=Criterion.STAFF_AND_STUDENTS_PER_BUILDING,
        parent="OU=Schulhaus,OU=Gruppen",
        dn_first_element="['CN=']['SM']['_SH_'][GebäudeKurzbezeichnung]",
        name="['SM']['_SH_'][GebäudeKurzbezeichnung]",
        display_name="['Schulhaus '][GebäudeBezeichnung]",
        sam_account_name="['SM']['.SH.'][GebäudeID]",
        ad_type="SG",
    ),
    GroupRule(
        criterion=Criterion.STAFF_PER_BUILDING,
        parent="OU=Schulhaus,OU=Gruppen",
        dn_first_element="['CN='][Mandant]['_SH_Personal_'][GebäudeKurzbezeichnung]",
        name="[Mandant]['_SH_Personal_'][GebäudeKurzbezeichnung]",
        display_name="['Alles Personal '][GebäudeBezeichnung]",
        sam_account_name="[Mandant]['.SH_PERS.'][GebäudeID]",
        ad_type="SG",
    ),
    GroupRule(
        criterion=Criterion.STAFF_PER_BUILDING_AND_LEVEL,
        parent="OU=Schulhaus,OU=Gruppen",
        dn_first_element="['CN='][Mandant]['_SH_Personal_'][GebäudeKurzbezeichnung]['_'][Stufe]",
        name="[Mandant]['_SH_Personal_'][GebäudeKurzbezeichnung]['_'][Stufe]",
        display_name="['Alles Personal '][GebäudeBezeichnung][' ¦ '][Stufe]",
        sam_account_name="[Mandant]['.SH_PERS.'][GebäudeID]['.'][StufeID]",
        ad_type="SG",
    ),
    GroupRule(
        criterion=Criterion.STAFF_PER_MANDANT,
        parent="OU=Stufen,OU=Gruppen",
        dn_first_element="['CN='][Mandant]['_Personal']",
        name="[Mandant]['_Personal']",
        display_name="['Alles Personal '][Mandant]",
        sam_account_name="[Mandant]['_PERS']",
        ad_type="SG",
    ),
    GroupRule(
        criterion=Criterion.STAFF_PER_MANDANT_AND_FUNCTION,
        parent="OU=Funktionen,OU=Gruppen",
        dn_first_element="['CN='][Mandant]['_FN_'][FUNKTION]",
        name="[Mandant]['_FN_'][FUNKTION]",
        display_name="['Funktion '][FUNKTION][' ¦ '][Mandant]",
        sam_account_name="[Mandant]['_FN_'][FUNKTION]",
        ad_type="SG",
    ),
    GroupRule(
        criterion=Criterion.STUDENTS_AND_TEACHER_PER_CLASS,
        parent="OU=Klassen,OU=Gruppen",
        dn_first_element="['CN='][Mandant]['_KL_'][GebäudeKurzbezeichnung]['_'][OrganisationBezeichnung]['_']"
        "[OrganisationUntergruppe]['_'][Schuljahr]",
        name="[Mandant]['_KL_'][GebäudeKurzbezeichnung]['_'][OrganisationBezeichnung]['_']"
        "[OrganisationUntergruppe]['_'][Schuljahr]",
        display_name="['Klasse '][OrganisationUntergruppe][' '][OrganisationBezeichnung][' ¦ '][GebäudeBezeichnung]",
        sam_account_name="['KL.'][OrganisationID]",
        ad_type="SG",
    ),
    GroupRule(
        criterion=Criterion.STUDENTS_PER_BUILDING,
        parent="OU=Schulhaus,OU=Gruppen",
        dn_first_element="['CN='][Mandant]['_SH_Lernende_'][GebäudeKurzbezeichnung]",
        name="[Mandant]['_SH_Lernende_'][GebäudeKurzbezeichnung]",
        display_name="['Alle Lernende '][GebäudeBezeichnung]",
        sam_account_name="[Mandant]['.SH_STUD.'][GebäudeID]",
        ad_type="SG",
    ),
    GroupRule(
        criterion=Criterion.STUDENTS_PER_BUILDING_AND_LEVEL,
        parent="OU=Schulhaus,OU=Gruppen",
        dn_first_element="['CN='][Mandant]['_SH_Lernende_'][GebäudeKurzbezeichnung]['_'][Stufe]",
        name="[Mandant]['_SH_Lernende_'][GebäudeKurzbezeichnung]['_'][Stufe]",
        display_name="['Alle Lernende '][GebäudeBezeichnung][' ¦ '][Stufe]",
        sam_account_name="[Mandant]['.SH_STUD.'][GebäudeID]['.'][StufeID]",
        ad_type="SG",
    ),
    GroupRule(
        criterion=Criterion.STUDENTS_PER_MANDANT,
        parent="OU=Stufen,OU=Gruppen",
        dn_first_element="['CN='][Mandant]['_Lernende']",
        name="[Mandant]['_Lernende']",
        display_name="['Alle Lernende '][Mandant]",
        sam_account_name="[Mandant]['_STUD']",
        ad_type="SG",
    ),
)


def build_configuration(base_dn: str) -> Configuration:
    """Staff and pupils of both mandants from kindergarten to Sek, below `base_dn` (such as DC=school,DC=test)."""
    return Configuration(
        base_dn=base_dn,
        staff=_staff(),
        students=_students(),
        levels=(
            LevelRule(
                position=1, level="Kindergarten", program_years=frozenset(), password=SIMPLE, last_program_year=2
            ),
            LevelRule(position=2, level="Primar", program_years=frozenset({1, 2, 3}), password=SIMPLE),
            LevelRule(
                position=3, level="Primar", program_years=frozenset(), password=SIMPLE_WITH_SPECIAL, last_program_year=6
            ),
            LevelRule(position=4, level="Sek", program_years=frozenset(), password=COMPLEX, last_program_year=3),
        ),
        mandants=(
            MandantRule(
                number=DORF,
                student_domain="lernende.musterdorf.example",
                staff_domain="schule-musterdorf.example",
                student_home_page="https://www.schule-musterdorf.example",
                staff_home_page="https://www.schule-musterdorf.example",
            ),
            MandantRule(
                number=SEE, student_domain="lernende.mustersee.example", staff_domain="schule-mustersee.example"
            ),
        ),
        groups=GROUP_RULES,
        state="ZH",
        restrict_functions=True,
        show_gender=True,
    )


def _staff() -> Audience:
    return Audience(
        parent="OU=LocalProfile,OU=Lehrpersonen,OU=Accounts",
        name_template="{first_name}.{last_name}",
        lead_days=LEAD_DAYS,
        grace_days=GRACE_DAYS,
        password=COMPLEX,
        info=InfoSwitch.SUBSTITUTION,
        initials=True,
        title=TitleSwitch.FUNCTION,
        office=OfficeSwitch.STAFF_ROOM,
        business_phone=True,
        primary_role=True,
        entra_business_phone=True,
    )


def _students() -> Audience:
    return Audience(
        parent="OU=Standard,OU=Lernende,OU=Accounts",
        name_template="{first_name}.{last_name}",
        lead_days=LEAD_DAYS,
        grace_days=GRACE_DAYS,
        password=SIMPLE,
        office=OfficeSwitch.CLASSROOM,
        primary_role=True,
    )
