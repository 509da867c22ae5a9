"""What a domain would refuse of our passwords, or would lock people out with (ruling 27)."""

from dataclasses import replace
from random import Random

import pytest

from connect_worker.core.password_rules import refused
from connect_worker.core.passwords import generate, shortest
from connect_worker.model.configuration import Configuration, LevelRule, PasswordKind, PasswordPolicy
from connect_worker.model.password_rules import PasswordRules
from tests.support.builders import GROUPS_OU, configuration

DOMAIN = PasswordRules(shortest=7, complex=True, history=24, max_age_days=42)
FINE = replace(DOMAIN, name="Pupils", shortest=12, applies_to=(f"CN=Alle,{GROUPS_OU}",))
TWO_DIGITS = PasswordPolicy(kind=PasswordKind.SIMPLE, digits=2)


def school(policy: PasswordPolicy, *years: int) -> Configuration:
    level = LevelRule(position=1, level="Primar", program_years=frozenset(years), password=policy)
    return replace(configuration(), levels=(level,))


@pytest.mark.parametrize("kind", list(PasswordKind))
@pytest.mark.parametrize("digits", [1, 2, 3, 5])
@pytest.mark.parametrize("length", [8, 12])
def test_the_shortest_of_a_kind_is_what_the_generator_makes(kind: PasswordKind, digits: int, length: int) -> None:
    policy = PasswordPolicy(kind=kind, digits=digits, length=length)
    made = {len(generate(policy, avoid=frozenset(), random=Random(seed)).reveal()) for seed in range(50)}  # noqa: S311
    assert made == {shortest(policy)}


def test_what_the_domain_takes_is_no_fault() -> None:
    assert refused(school(TWO_DIGITS), [DOMAIN], []) == ()


def test_a_password_that_is_too_short_is_told_with_its_level_and_an_example() -> None:
    (fault,) = refused(school(TWO_DIGITS, 2, 1), [replace(DOMAIN, shortest=8)], [])
    assert fault.startswith("level Primar, program years 1, 2: simple passwords such as Blu38me have 7 signs")
    assert fault.endswith("and the domain wants 8 at least")


def test_staff_and_manual_users_have_policies_too() -> None:
    found = refused(school(TWO_DIGITS), [replace(DOMAIN, shortest=9)], [])
    assert [fault.partition(":")[0] for fault in found] == ["staff", "manual users", "level Primar"]


def test_who_may_not_change_a_password_that_expires_is_locked_out_some_day() -> None:
    fixed = replace(TWO_DIGITS, may_not_change=True)
    (fault,) = refused(school(fixed), [DOMAIN], [])
    assert "lets them expire after 42 days" in fault
    assert refused(school(replace(fixed, never_expires=True)), [DOMAIN], []) == ()
    assert refused(school(fixed), [replace(DOMAIN, max_age_days=None)], []) == ()


def test_a_fine_grained_policy_counts_where_it_holds_for_ours() -> None:
    assert refused(school(TWO_DIGITS), [DOMAIN, FINE], []) == ()
    found = refused(school(TWO_DIGITS), [DOMAIN, FINE], [GROUPS_OU])
    assert any("the fine-grained policy Pupils wants 12 at least" in fault for fault in found)


def test_a_policy_tells_itself() -> None:
    assert str(DOMAIN) == "7 signs at least, of three kinds of signs, new ones every 42 days, none of the last 24"
    plain = PasswordRules(shortest=0, complex=False, history=0, max_age_days=None)
    assert str(plain) == "0 signs at least, none of the last 0"
