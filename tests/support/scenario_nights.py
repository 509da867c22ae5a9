"""Plays a scenario: each night through the worker's command, looked at in the directory and in the tables."""
# ruff: noqa: S608 - statements of tests, with names and values of tests

import shlex
from collections.abc import Mapping
from typing import Any

from tests.support.domain import Domain, Found
from tests.support.scenario import ABSENT, ByHand, DirectoryEdit, Expected, Night, Scenario, School
from tests.support.scenario_school import Customer
from tests.support.worker import Ended, Worker

NOTHING = "NothingToDo"
NO_PLAN: Mapping[str, Any] = {"changes": [], "notes": []}
"""What counts where a run is held up before it plans."""
USUAL_CAUSES = {"new", "changed", "membership"}
LOCKED = 10


class Stage:
    """Where a scenario is played: a customer's database, a directory, and the worker between them."""

    def __init__(self, customer: Customer, domain: Domain, worker: Worker, *, base: str) -> None:
        self._customer = customer
        self._domain = domain
        self._worker = worker
        self._base = f",{base}"
        self._names: dict[str, str] = {}

    def play(self, scenario: Scenario) -> None:
        """Every night, in its order."""
        self._customer.edit_school(scenario.school)
        self._customer.configure(scenario.configuration)
        if scenario.begins is not None:
            self._worker.today = scenario.begins
            begun = self._worker.json("run")
            assert begun.report["reason"] == "Synced", begun.stdout
        for night in scenario.nights:
            self._play(night)

    def _play(self, night: Night) -> None:
        self.edit(night)
        self._worker.today = night.date
        for command in night.commands:
            done = self._worker(*shlex.split(command))
            assert done.exit_code == 0, (command, done.stdout, done.stderr)
        expected = night.expect
        usn = self._domain.usn
        if night.approve:
            self._approve(night.approve)
        self._check(expected)
        assert self._domain.usn == usn, f"{night.date}: a check writes nothing"
        ran = self._run(expected)
        if expected.reason != "Synced":
            assert self._domain.usn == usn, f"{night.date}: nothing is written"
        else:
            self._assert_audited(ran, expected)
            self._assert_settled()
        self._assert_seen(expected)

    # What happens on the day before

    def edit(self, night: Night) -> None:
        if night.master_data != School():
            self._customer.edit_school(night.master_data)
        if night.configuration:
            self._customer.configure(night.configuration)
        self._customer.edit_office(night.office)
        for edit in night.directory:
            self._edit_directory(edit)
        for key, given in night.office.take_over.items():
            self._enter_take_over(key, given)

    def _enter_take_over(self, key: str, given: Mapping[str, Any]) -> None:
        found = self._domain.find(given["account"]) if "account" in given else None
        guid = found.guid if found is not None else given.get("guid")
        self._customer.enter_take_over(key, guid=guid, aliases=given.get("aliases", []))

    def _edit_directory(self, edit: DirectoryEdit) -> None:
        sam, given, domain = edit.object, edit.arguments, self._domain
        match edit.act:
            case ByHand.DELETE:
                domain.delete(sam)
            case ByHand.MOVE:
                domain.move(sam, to=given["to"])
            case ByHand.RENAME:
                domain.rename(sam, to=given["to"])
            case ByHand.DISABLE | ByHand.ENABLE:
                domain.switch(sam, enabled=edit.act is ByHand.ENABLE)
            case ByHand.WRITE:
                domain.write(sam, given["attributes"])
            case ByHand.SET_PASSWORD:
                domain.set_password(sam, given["to"])
            case ByHand.CREATE_USER | ByHand.CREATE_GROUP:
                create = domain.create_user if edit.act is ByHand.CREATE_USER else domain.create_group
                create(sam, place=given["place"], attributes=given["attributes"])
            case ByHand.CREATE_BELOW:
                domain.create_below(sam, given["name"])
            case ByHand.ADD_MEMBER | ByHand.REMOVE_MEMBER:
                change = "add" if edit.act is ByHand.ADD_MEMBER else "remove"
                domain.change_members(sam, **{change: [given["member"]]})

    # Approve, check, run, and nothing more to do

    def _approve(self, by: str) -> None:
        """Let the latest plan through that was stopped, and leave the work to this night's run."""
        (row,) = self._customer.rows("SELECT checksum FROM connect.connect_plan ORDER BY made_at DESC LIMIT 1")
        approved = self._worker.json("approve", row["checksum"], "--by", by, "--no-run")
        assert (approved.exit_code, approved.report["reason"]) == (0, "Approved"), approved.stdout

    def _check(self, expected: Expected) -> None:
        """`plan` tells exactly what the run will do, or what is in its way."""
        checked = self._worker.json("plan")
        assert checked.exit_code == (0 if expected.exit == LOCKED else expected.exit), checked.stdout
        assert self._warnings(checked) == expected.warnings
        plan = checked.document.get("plan", NO_PLAN)
        if plan["changes"]:
            self._names |= self._customer.sam_names()
        assert sorted(self._lines(plan["changes"])) == sorted(expected.plan)
        assert _unexplained(plan["notes"], expected.notes) == []

    def _run(self, expected: Expected) -> Ended:
        ran = self._worker.json("run")
        report = ran.report
        assert (ran.exit_code, report["reason"]) == (expected.exit, expected.reason), ran.stdout
        assert [part for part in expected.message if part not in report.get("message", "")] == [], report
        assert report["exitCode"] == ran.exit_code
        return ran

    def _assert_audited(self, ran: Ended, expected: Expected) -> None:
        """connect_change holds each change, with what was before and after, and what became of it."""
        rows = self._customer.rows(
            "SELECT kind, object, dn, cause, before, after, result, message FROM connect.connect_change "
            f"WHERE run_id = '{ran.report['runId']}'"
        )
        assert sorted(self._lines(rows)) == sorted(expected.plan)
        assert {(row["result"], row["message"]) for row in rows} <= {("done", "")}

    def _assert_settled(self) -> None:
        """A second run plans nothing and leaves the directory's change number as it is."""
        usn = self._domain.usn
        again = self._worker.json("run")
        assert (again.exit_code, again.report["reason"]) == (0, NOTHING), again.stdout
        assert self._domain.usn == usn, "a run with nothing to do writes nothing"

    # What stands there afterwards

    def _assert_seen(self, expected: Expected) -> None:
        objects = self._domain.objects() if expected.directory else {}
        for sam, wanted in expected.directory.items():
            found = objects.get(sam)
            if wanted == ABSENT or found is None:
                assert (sam, found) == (sam, None if wanted == ABSENT else "an object in the directory")
            else:
                assert isinstance(wanted, Mapping)
                seen = {name: self._seen(sam, found, name, value, objects) for name, value in wanted.items()}
                assert (sam, seen) == (sam, _sorted_lists(wanted))
        if expected.users:
            _assert_rows(self._customer.users(), expected.users)
        if expected.groups:
            _assert_rows(self._customer.groups(), expected.groups)

    def _seen(self, sam: str, found: Found, name: str, wanted: Any, objects: Mapping[str, Found]) -> Any:
        """An attribute as a scenario writes it: DNs relative to the domain, members by sAM account name."""
        sam_of = {other.dn: key for key, other in objects.items()}
        if name == "dn":
            return found.dn.removesuffix(self._base)
        if name == "enabled":
            return found.is_enabled
        if name == "opens_with":
            return {password: self._sign_in(sam, found.dn, password) for password in wanted}
        if name == "changes_initial_password_to":
            return {password: self._change_initial(sam, found.dn, password) for password in wanted}
        if name in {"member", "memberOf", "manager"}:
            names = sorted(sam_of.get(dn, dn) for dn in found.values(name))
            return names if isinstance(wanted, list) else names[0] if names else None
        return found.values(name) if isinstance(wanted, list) else found.value(name)

    def _sign_in(self, sam: str, dn: str, password: str) -> str:
        """`initial` stands for the stored initial password."""
        said = self._customer.initial_passwords()[sam] if password == "initial" else password
        return self._domain.sign_in(dn, said).value

    def _change_initial(self, sam: str, dn: str, password: str) -> str:
        """The user himself changes the stored initial password to this one."""
        return self._domain.change_password(dn, self._customer.initial_passwords()[sam], password).value

    # Plans and warnings as a scenario writes them

    def _warnings(self, checked: Ended) -> dict[str, list[int]]:
        blocking = [finding for finding in checked.document.get("findings", ()) if finding["blocks"]]
        names = self._customer.sam_names() if blocking else {}
        found: dict[str, list[int]] = {}
        for finding in blocking:
            found.setdefault(names[finding["object"]], []).append(finding["code"])
        return {sam: sorted(codes) for sam, codes in found.items()}

    def _lines(self, changes: list[dict[str, Any]]) -> list[str]:
        return [self._line(change) for change in changes]

    def _line(self, change: Mapping[str, Any]) -> str:
        kind, key = change["kind"], change["object"]
        name = change["dn"].removesuffix(self._base) if key is None else self._names.get(key, key)
        cause = "" if change["cause"] in USUAL_CAUSES else f" ({change['cause']})"
        details = _details(kind, change["before"], change["after"])
        return f"{kind} {name}{cause}{details}"


def _details(kind: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """What a line tells beside kind, object and cause: the attributes, or the members."""
    if kind == "modify":
        return f": {', '.join(sorted(after or {}))}"
    if kind == "add_members":
        return f": {', '.join(member['key'] for member in (after or {})['members'])}"
    if kind == "remove_members":
        return f": {', '.join(member['key'] for member in (before or {})['members'])}"
    return ""


def _unexplained(notes: list[str], expected: list[str]) -> list[str]:
    """The notes that no expectation is part of, and the expectations that no note holds."""
    return [
        *(note for note in notes if not any(part in note for part in expected)),
        *(part for part in expected if not any(part in note for note in notes)),
    ]


def _assert_rows(rows: Mapping[str, Mapping[str, Any]], expected: Mapping[str, Any]) -> None:
    for sam, wanted in expected.items():
        if wanted == ABSENT:
            assert sam not in rows
        else:
            seen = {column: rows[sam][column] for column in wanted}
            assert (sam, seen) == (sam, {name: _as_json(value) for name, value in wanted.items()})


def _sorted_lists(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, list) else value for name, value in wanted.items()}


def _as_json(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
