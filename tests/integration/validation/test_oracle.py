"""The rules against the seed's own SQL conditions, on ten thousand records (tests/data/validation_oracle.sql)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from connect_worker.core.rules import GROUP_RULES, USER_RULES
from connect_worker.core.rules.context import Context
from connect_worker.core.rules.rule import Rule
from connect_worker.core.validation import validate
from connect_worker.model.account import Account
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKey
from connect_worker.model.finding import FIRST_OWN_CODE
from connect_worker.model.group import Group
from connect_worker.model.state import State
from tests.support.mutants import GROUP_MUTANTS, USER_MUTANTS, Census, Mutant
from tests.support.nasty_records import nasty_state
from tests.support.postgres import PostgresServer
from tests.support.records import configured
from tests.support.validation_oracle import Verdicts, ask

SEED, USERS, GROUPS = 20261122, 7_000, 3_000
LEAST_HITS = 150
LEAST_NEAR_MISSES = 5
Record = TypeVar("Record", Account, Group)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """The records, and what the seed's conditions say of them."""

    state: State = field(repr=False)
    configuration: Configuration = field(repr=False)
    verdicts: Verdicts = field(repr=False)
    context: Context = field(repr=False)
    census: Census = field(repr=False)


@pytest.fixture(scope="module")
def case(postgres: PostgresServer) -> Case:
    """All records of this module, judged once."""
    state, configuration = nasty_state(SEED, users=USERS, groups=GROUPS), configured(1, 2)
    return Case(
        state=state,
        configuration=configuration,
        verdicts=ask(postgres, state, configuration),
        context=Context.of(state, configuration),
        census=Census.of(state),
    )


SEEDS_USER_RULES = tuple(rule for rule in USER_RULES if rule.code < FIRST_OWN_CODE)
SEEDS_GROUP_RULES = tuple(rule for rule in GROUP_RULES if rule.code < FIRST_OWN_CODE)


def name(subject: object) -> str:
    """How a rule or a mutant is called in the list of tests."""
    return f"{subject.code} {type(subject).__name__}" if isinstance(subject, Rule) else str(subject)


def disagreements(case: Case, records: Sequence[Record], code: int, judge: Callable[[Record], bool]) -> list[Record]:
    """The records that somebody judges otherwise than the seed's condition of that code."""
    return [record for record in records if judge(record) != (code in case.verdicts.codes[record.key])]


def test_the_seed_has_these_rules() -> None:
    assert [rule.code for rule in SEEDS_USER_RULES] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [rule.code for rule in SEEDS_GROUP_RULES] == [1, 2, 3, 4, 8]


@pytest.mark.parametrize("rule", SEEDS_USER_RULES, ids=name)
def test_a_user_rule_agrees_with_the_seed_on_every_user(rule: Rule[Account], case: Case) -> None:
    assert (
        disagreements(case, case.state.accounts, rule.code, lambda user: rule.find(user, case.context) is not None)
        == []
    )


@pytest.mark.parametrize("rule", SEEDS_GROUP_RULES, ids=name)
def test_a_group_rule_agrees_with_the_seed_on_every_group(rule: Rule[Group], case: Case) -> None:
    assert (
        disagreements(case, case.state.groups, rule.code, lambda group: rule.find(group, case.context) is not None)
        == []
    )


def test_the_warning_column_agrees_with_the_seeds_updates_on_every_record(case: Case) -> None:
    """Also for manual users who are still being entered: their column stays NULL."""
    validation = validate(case.state, case.configuration)
    ours: dict[ObjectKey, int | None] = {user.key: validation.user_codes.get(user.key) for user in case.state.accounts}
    ours |= {group.key: validation.group_codes.get(group.key) for group in case.state.groups}
    columns = case.verdicts.columns
    differences = {str(key): (code, columns[key]) for key, code in ours.items() if code != columns[key]}
    assert differences == {}


@pytest.mark.parametrize(("records", "rules"), [("accounts", SEEDS_USER_RULES), ("groups", SEEDS_GROUP_RULES)])
def test_every_rule_hits_and_misses(records: str, rules: Sequence[Rule[Account]], case: Case) -> None:
    """A comparison over records that are all wrong, or all right, would show nothing."""
    keys = [record.key for record in getattr(case.state, records)]
    hits = {rule.code: sum(rule.code in case.verdicts.codes[key] for key in keys) for rule in rules}
    assert {code: number for code, number in hits.items() if not LEAST_HITS <= number <= len(keys) - LEAST_HITS} == {}


def test_every_column_occurs(case: Case) -> None:
    """Each number, and none, among the users; 1, 2, 3, 4, 8 and none among the groups."""
    columns = case.verdicts.columns
    assert {columns[user.key] for user in case.state.accounts} == {None, 1, 2, 3, 4, 5, 6, 7, 8, 9}
    assert {columns[group.key] for group in case.state.groups} == {None, 1, 2, 3, 4, 8}


def test_every_rule_has_a_mutant() -> None:
    assert {mutant.code for mutant in USER_MUTANTS} == {rule.code for rule in SEEDS_USER_RULES}
    assert {mutant.code for mutant in GROUP_MUTANTS} == {rule.code for rule in SEEDS_GROUP_RULES}


@pytest.mark.parametrize("mutant", USER_MUTANTS, ids=name)
def test_a_fault_in_a_user_rule_is_seen(mutant: Mutant[Account], case: Case) -> None:
    """Not on a single record, by chance: the records on which it shows are the near misses of the rule."""

    def judge(user: Account) -> bool:
        return mutant.judge(user, mutant.code in case.verdicts.codes[user.key], case.census)

    assert len(disagreements(case, case.state.accounts, mutant.code, judge)) >= LEAST_NEAR_MISSES


@pytest.mark.parametrize("mutant", GROUP_MUTANTS, ids=name)
def test_a_fault_in_a_group_rule_is_seen(mutant: Mutant[Group], case: Case) -> None:
    def judge(group: Group) -> bool:
        return mutant.judge(group, mutant.code in case.verdicts.codes[group.key], case.census)

    assert len(disagreements(case, case.state.groups, mutant.code, judge)) >= LEAST_NEAR_MISSES


@pytest.mark.parametrize(
    "wrong",
    [lambda codes: min(codes, default=None), lambda codes: max(codes, default=None)],
    ids=["the first is shown", "the last is shown"],
)
def test_a_fault_in_the_order_of_the_column_is_seen(wrong: Callable[[frozenset[int]], int | None], case: Case) -> None:
    users = [user for user in case.state.accounts if not user.is_draft]
    assert [user for user in users if wrong(case.verdicts.codes[user.key]) != case.verdicts.columns[user.key]] != []
