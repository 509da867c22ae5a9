"""The database is far away: the number of round trips must not grow with the number of people."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

from connect_worker.core.gated import checksum_of, gated_changes
from connect_worker.model.approval import ApprovalOrder, BlockedPlan, Gate
from connect_worker.model.change import Cause, Disable
from connect_worker.model.finding import Finding
from connect_worker.model.group import Members
from connect_worker.model.ids import RunId
from connect_worker.model.outcome import Outcome, Result
from connect_worker.model.state import NameKind, ReservedName, Settlement, State
from connect_worker.settings import DatabaseSettings
from connect_worker.store.repository import Store, open_store
from tests.support.builders import class_group_key, group, guid, student_key
from tests.support.postgres import PostgresServer
from tests.support.round_trips import CountingRelay, counting_relay
from tests.support.school import stored_account

CLASS = class_group_key(1)
PUPILS = """
DELETE FROM school.student;
INSERT INTO school.student (id, first_name, last_name, class_id, mandants)
    SELECT n, 'Anna', 'Muster' || n, 21, 1 FROM generate_series(1, PEOPLE) n
"""
NOTHING = State(accounts=(), groups=(), memberships={})


def state_of(people: int) -> State:
    keys = [student_key(number) for number in range(1, people + 1)]
    return State(
        accounts=tuple(stored_account(key.source_id) for key in keys),
        groups=(group(1),),
        memberships={CLASS: Members(automatic=frozenset(keys))},
        reserved=tuple(ReservedName(kind=NameKind.SAM, name=str(key).lower(), owner=key) for key in keys),
    )


async def a_night(store: Store, people: int, relay: CountingRelay) -> dict[str, int]:
    """Round trips of each step of a night in which everything changes for everybody."""
    counts: dict[str, int] = {}
    run = RunId(uuid4())
    await store.start_run(run, command="run", trigger="test", realm="hofen", day=date(2026, 11, 16))
    before = relay.round_trips

    def counted(step: str) -> None:
        nonlocal before
        counts[step] = relay.round_trips - before
        before = relay.round_trips

    await store.read_night()
    counted("read_night")
    first = (await store.write_state(NOTHING, state_of(people))).state
    counted("write_state, all new")
    changed = replace(
        first,
        accounts=tuple(replace(account, has_changed=False) for account in first.accounts),
        memberships={CLASS: Members(removed=first.memberships[CLASS].automatic)},
        reserved=(),
    )
    second = (await store.write_state(first, changed)).state
    counted("write_state, all changed")
    findings = [Finding(key=account.key, code=5, name="", found="") for account in second.accounts]
    await store.write_findings(findings, {finding.key: finding.code for finding in findings})
    counted("write_findings")
    await store.settle([Settlement(key=r.key, version=r.version, guid=guid(str(r.key))) for r in second.records])
    counted("settle")
    changes = [Disable(key=a.key, guid=guid(str(a.key)), dn=a.dn or "", cause=Cause.EXIT) for a in second.accounts]
    await store.record_outcomes(run, [Outcome(change=change, result=Result.DONE) for change in changes])
    counted("record_outcomes")
    assert len(await store.read_recent_acts(since=date(2026, 11, 10), until=date(2026, 11, 16))) >= len(changes)
    counted("read_recent_acts")
    gated = gated_changes(changes)
    checksum = checksum_of(gated)
    await store.keep_plan(run, BlockedPlan(gate=Gate.PLAN, checksum=checksum, gated=gated, excesses=()))
    await store.approve(ApprovalOrder(checksum=checksum, approved_by="tests"))
    assert (await store.read_approvals())[0].gated == gated
    counted("stopped and approved")
    await store.write_state((await store.read_own())[1], NOTHING)
    counted("write_state, all removed")
    return counts


async def test_a_night_takes_as_many_round_trips_for_ten_people_as_for_a_thousand(
    school: DatabaseSettings, postgres: PostgresServer
) -> None:
    counts = []
    async with counting_relay(school.host, school.port) as relay:
        relayed = replace(school, port=relay.port, sslmode="disable")
        for people in (10, 1000):
            postgres.run(PUPILS.replace("PEOPLE", str(people)), database=school.name)
            async with open_store(relayed, application_name="tests") as store:
                counts.append(await a_night(store, people, relay))
    few, many = counts
    assert few == many
    assert sum(many.values()) < 150
