"""The story: what Connect does in its first nights at a school, each step with the evidence for it."""

from datetime import date
from typing import NamedTuple

from connect_protocol.exit_codes import ExitCode
from connect_worker.demonstration.stage import Stage, unexpected
from connect_worker.model.ids import AccountKey
from connect_worker.sample.load import SampleOrder
from connect_worker.sample.trouble import Edit, Trouble, plan_edit

SEED = 1
FIRST_DAY = date(2026, 11, 16)
SECOND_DAY = date(2026, 11, 17)
THIRD_DAY = date(2026, 11, 18)
FOURTH_DAY = date(2026, 11, 19)
A_MONTH_LATER = date(2026, 12, 17)
"""The days are fixed: a story that was told in July would be one of the change of school years."""

IDENTITY = ("displayName", "userPrincipalName", "mail", "proxyAddresses")
ACCOUNT = ("userAccountControl", "memberOf")
ROW = """
SELECT user_mail, user_status, user_config_delete
  FROM connect.main_connect_user WHERE user_config_type = $1 AND user_config_source_fk = $2
"""
REGENERATE = """
UPDATE connect.main_connect_user SET user_config_regenerate_names = true
 WHERE user_config_type = $1 AND user_config_source_fk = $2
"""
RENAME_LEVEL = "UPDATE connect.connect_config_level SET level = $2 WHERE level = $1"
HISTORY = """
SELECT to_char(started_at, 'HH24:MI:SS') AS started, command, result, reason, exit_code
  FROM connect.connect_run ORDER BY started_at
"""
AUDIT = """
SELECT kind, cause, connect_change.result, before::text, after::text
  FROM connect.connect_change JOIN connect.connect_run ON connect_run.id = run_id
 WHERE object = $1 ORDER BY started_at, sequence
"""


class Cast(NamedTuple):
    """Whom the story is about."""

    renamed: AccountKey
    leaver: AccountKey
    entrant: AccountKey


def tell(stage: Stage) -> None:
    """Tell the whole story. Raises ConnectError where it goes another way."""
    cast = _cast(stage)
    _meet_the_school(stage)
    _first_night(stage, cast)
    _same_night_again(stage)
    _second_day(stage, cast)
    _warning_blocks(stage)
    _safety_gate_blocks(stage)
    _grace_is_over(stage, cast)
    _what_was_kept(stage, cast)


def _cast(stage: Stage) -> Cast:
    school = SampleOrder(pupils=stage.pupils, seed=SEED, today=FIRST_DAY, base_dn=stage.directory.base).build()
    troubles = (Trouble.NAME_CHANGE, Trouble.LEAVER, Trouble.ENTRANT)
    return Cast(*(plan_edit(trouble, school, SECOND_DAY).key for trouble in troubles))


def _meet_the_school(stage: Stage) -> None:
    stage.page.scene("A school and its directory")
    stage.page.say(
        "The school's administration keeps its pupils and staff in tables of its own; Connect only reads them, through "
        "the views connect.source_*. What Connect knows itself stands in its own tables, which migrate makes. The "
        "directory holds none of the school's people yet."
    )
    stage.run("migrate", today=FIRST_DAY)
    stage.run("sample", "--pupils", str(stage.pupils), "--seed", str(SEED), "--base-dn", stage.directory.base,
              today=FIRST_DAY)  # fmt: skip
    stage.page.say("doctor tests every link before anything is at stake; both are encrypted or on this machine.")
    stage.run("doctor", today=FIRST_DAY)


def _first_night(stage: Stage, cast: Cast) -> None:
    stage.page.scene("The first night", f"{FIRST_DAY:%A, %d %B %Y}")
    stage.page.say("plan does all that a night does, but for writing to the directory: see before you leap.")
    stage.run("plan", today=FIRST_DAY, head=14, tail=9)
    stage.page.say("run is the night itself. A scheduler calls it; nobody has to watch.")
    stage.run("run", today=FIRST_DAY, tail=20)
    stage.page.lines(f"{cast.renamed} in the directory:", stage.directory.entry(str(cast.renamed), *IDENTITY, *ACCOUNT))
    stage.page.say("The same pupil in Connect's own tables:")
    stage.query(ROW, cast.renamed.type.value, cast.renamed.source_id)


def _same_night_again(stage: Stage) -> None:
    stage.page.scene("The same night again", f"{FIRST_DAY:%A, %d %B %Y}")
    stage.page.say(
        "Connect compares what should be with what is, and writes the difference. A second run finds none. A run that "
        "was killed is finished by the next one for the same reason: nothing depends on the memory of an earlier run."
    )
    before = stage.directory.sight()
    stage.run("run", today=FIRST_DAY)
    stage.require_same(before, "the second run")


def _second_day(stage: Stage, cast: Cast) -> None:
    page, directory = stage.page, stage.directory
    page.scene("A name change, a leaver, an entrant", f"{SECOND_DAY:%A, %d %B %Y}")
    page.say("A day at school. In the school's administration:")
    edits = [stage.office(trouble, SECOND_DAY) for trouble in (Trouble.NAME_CHANGE, Trouble.LEAVER, Trouble.ENTRANT)]
    _require_cast(cast, edits)
    stage.database.fetch(REGENERATE, cast.renamed.type.value, cast.renamed.source_id)
    page.items([f"For {cast.renamed} the office also asks for new names; without that, the address would stay."])
    page.say(
        "The calendar has its say too: somebody's last day was yesterday, and two will enter in 30 days, the lead time."
    )
    stage.run("plan", "--show", "diff", today=SECOND_DAY, head=40, tail=8)
    before = {key: directory.entry(str(key), *IDENTITY, *ACCOUNT) for key in cast}
    stage.run("run", today=SECOND_DAY, tail=20)
    after = {key: directory.entry(str(key), *IDENTITY, *ACCOUNT) for key in cast}
    page.say("The account has its new name, and the old address still reaches it, as an alias:")
    page.difference(f"{cast.renamed} in the directory:", before[cast.renamed], after[cast.renamed])
    page.say("Who leaves is locked out the same day, and keeps account and groups for a grace period of 30 days:")
    page.difference(f"{cast.leaver} in the directory:", before[cast.leaver], after[cast.leaver])
    stage.query(ROW, cast.leaver.type.value, cast.leaver.source_id)
    page.say("Who enters has an account and is in the groups:")
    page.difference(f"{cast.entrant} in the directory:", before[cast.entrant], after[cast.entrant])
    group = stage.database.class_group_of(cast.entrant)
    page.lines(f"The members of the class group {group} in the directory:", directory.members(group))


def _require_cast(cast: Cast, edits: list[Edit]) -> None:
    if tuple(edit.key for edit in edits) != cast:
        raise unexpected("the sample's office has edited other records than were foretold")


def _warning_blocks(stage: Stage) -> None:
    stage.page.scene("A warning blocks, and its cure", f"{THIRD_DAY:%A, %d %B %Y}")
    stage.page.say("In the school's administration:")
    stage.office(Trouble.WARNING, THIRD_DAY)
    stage.page.say(
        "When the data are in doubt, nothing is written at all. The run says whose record it is, and what to do."
    )
    before = stage.directory.sight()
    stage.run("run", today=THIRD_DAY, ends=ExitCode.BLOCKED_BY_WARNINGS, tail=20)
    stage.require_same(before, "the run that was blocked by a warning")
    stage.page.say("The office solves it:")
    stage.office(Trouble.CURE, THIRD_DAY)
    stage.run("run", today=THIRD_DAY)


def _safety_gate_blocks(stage: Stage) -> None:
    stage.page.scene("The safety gate", f"{FOURTH_DAY:%A, %d %B %Y}")
    stage.page.say(
        "In Connect's configuration somebody renames the level Primar to Primarschule, which no class has. By the "
        "rules all its pupils are out of scope now, to be locked out and deleted in 30 days. So many at once are a "
        "mistake, and neither the tables nor the directory are written."
    )
    before = stage.directory.sight()
    stage.database.fetch(RENAME_LEVEL, "Primar", "Primarschule")
    stage.run("run", today=FOURTH_DAY, ends=ExitCode.BLOCKED_BY_SAFETY_GATE)
    stage.require_same(before, "the run that was blocked by the safety gate")
    stage.page.say("The level is put back, and nothing has happened:")
    stage.database.fetch(RENAME_LEVEL, "Primarschule", "Primar")
    stage.run("run", today=FOURTH_DAY)


def _grace_is_over(stage: Stage, cast: Cast) -> None:
    stage.page.scene("A month later", f"{A_MONTH_LATER:%A, %d %B %Y}")
    stage.page.say(
        "The grace period is over for those who left. An account is deleted only if an earlier run has disabled it and "
        "the whole grace has passed since; its addresses stay reserved for a year."
    )
    stage.run("run", today=A_MONTH_LATER, tail=20)
    if stage.directory.entry(str(cast.leaver)):
        raise unexpected(f"{cast.leaver} is still in the directory")
    stage.page.lines(f"{cast.leaver} in the directory:", ["(there is no such account any more)"])


def _what_was_kept(stage: Stage, cast: Cast) -> None:
    stage.page.scene("What has been kept")
    stage.page.say("Every run:")
    stage.query(HISTORY)
    stage.page.say(f"And every change, with what stood there before and after; here all of {cast.leaver}:")
    stage.query(AUDIT, str(cast.leaver))
