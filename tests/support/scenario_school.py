"""A scenario's customer: the master data, the configuration and Connect's tables in a real database."""
# ruff: noqa: S608 - statements of tests, with names and values of tests

import asyncio
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any
from uuid import UUID

from connect_worker.model.account import EXTENSION_PLACES, Extensions
from connect_worker.model.configuration import Configuration, LevelRule, MandantRule, PasswordKind
from connect_worker.model.ids import AccountKey, Criterion, Mandant, UserType, mask_of
from connect_worker.model.person import Building, Function, MandantRecord, SchoolYear, StaffFunction
from connect_worker.model.secret import SealedSecret, Secret
from connect_worker.sample.configuration import GROUP_RULES
from connect_worker.sample.save_configuration import save_configuration
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import open_session
from connect_worker.store.contract import VIEWS, View
from connect_worker.store.crypto import Keyring, user_owner
from tests.support import builders
from tests.support.postgres import PostgresServer
from tests.support.scenario import Office, School, Values
from tests.support.worker import ENCRYPTION_KEY, NEXT_ENCRYPTION_KEY

Make = Callable[..., Any]


def _building(number: int, **changes: Any) -> Building:
    ordinary = {"name": f"Schulhaus {number}", "short_name": f"H{number}", "street": None, "postal_code": None}
    return Building(**{"id": number, **ordinary, "city": None, "head_staff_id": None, **changes})


def _function(number: int, **changes: Any) -> Function:
    return Function(**{"id": number, "name": f"Funktion {number}", "counts_for_connect": True, **changes})


def _mandant(number: int, **changes: Any) -> MandantRecord:
    return MandantRecord(**{"number": number, "short_name": f"M{number}", "company": f"Schule {number}", **changes})


def _school_year(number: int, **changes: Any) -> SchoolYear:
    ordinary = next((asdict(row) for row in builders.SCHOOL_YEARS if row.id == number), {})
    return SchoolYear(**{**ordinary, "id": number, "mandant": None, **changes})


_MAKERS: Mapping[str, tuple[str, Make]] = {
    "students": ("source_student", builders.student),
    "staff": ("source_staff", builders.staff),
    "classes": ("source_class", builders.school_class),
    "buildings": ("source_building", _building),
    "functions": ("source_function", _function),
    "mandants": ("source_mandant", _mandant),
    "school_years": ("source_school_year", _school_year),
}
_GROUP_RULES = {rule.criterion: replace(rule, parent="OU=Groups") for rule in GROUP_RULES}
"""The configurator's definitions, in the place where a scenario's groups stand."""
ORDINARY = School(classes={1: {}}, buildings={1: {}}, mandants={1: {}}, school_years={1: {}, 2: {}, 3: {}})


class ConnectTables:
    """Connect's tables in one customer's database, as people see and edit them."""

    def __init__(self, postgres: PostgresServer, database: DatabaseSettings) -> None:
        self._postgres = postgres
        self._database = database

    def run(self, script: str) -> str:
        """Run statements as the database's superuser."""
        return self._postgres.run(script, database=self._database.name)

    def start(self, script: str) -> subprocess.Popen[str]:
        """Begin to run statements, which may have to wait for somebody else's."""
        return self._postgres.start(script, database=self._database.name)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query, as JSON makes them: dates are text."""
        found = self.run(f"SELECT coalesce(json_agg(found), '[]') FROM ({query}) AS found")
        rows: list[dict[str, Any]] = json.loads(found)
        return rows

    def edit_office(self, edits: Office) -> None:
        """Do what the school office does in its forms."""
        for number, values in edits.manual_users.items():
            self._enter_manual_user(number, values)
        for table in ("user", "group"):
            entries: Mapping[str, Values] = getattr(edits, f"{table}s")
            for sam, values in entries.items():
                self._set_columns(table, sam, values)
        for removed, memberships in ((False, edits.add_members), (True, edits.remove_members)):
            for group, users in memberships.items():
                for user in users:
                    self._set_membership(group, user, removed=removed)
        if edits.locked is not None:
            self.run(f"UPDATE connect.connect_config SET locked_by = nullif('{edits.locked}', '')")

    def enter_take_over(self, key: str, *, guid: UUID | str | None, aliases: Sequence[str]) -> None:
        """Enter or correct a row of connect_migration."""
        kind, number = key.split(".")
        given = [f"'{alias}'" for alias in aliases] + ["NULL"] * (5 - len(aliases))
        values = ", ".join([f"'{kind}'", str(int(number)), f"'{guid}'" if guid is not None else "NULL", *given])
        self.run(f"""
            DELETE FROM connect.connect_migration WHERE migration_type = '{kind}' AND source_fk = {int(number)};
            INSERT INTO connect.connect_migration
                (migration_type, source_fk, user_guid, alias1, alias2, alias3, alias4, alias5) VALUES ({values})""")

    def users(self) -> dict[str, dict[str, Any]]:
        """Rows of main_connect_user by sAM account name."""
        rows = self.rows("SELECT * FROM connect.main_connect_user")
        return {row["user_sam_account_name"]: row for row in rows}

    def groups(self) -> dict[str, dict[str, Any]]:
        """Rows of main_connect_group by sAM account name."""
        rows = self.rows("SELECT * FROM connect.main_connect_group")
        return {row["group_sam_account_name"]: row for row in rows}

    def sam_names(self) -> dict[str, str]:
        """The sAM account name of every record, by the key that plans and findings show."""
        found = self.rows("""
            SELECT user_config_type || '.' || lpad(user_config_source_fk::text, 5, '0') AS key,
                user_sam_account_name AS sam FROM connect.main_connect_user
            UNION ALL
            SELECT concat_ws(':', group_config_rule, group_config_rule_mandant, group_config_source_fk,
                nullif(group_config_rule_level, '')),
                group_sam_account_name FROM connect.main_connect_group""")
        return {row["key"]: row["sam"] for row in found}

    def initial_passwords(self) -> dict[str, str]:
        """The initial passwords that stand sealed in the users' rows, by sAM account name."""
        keyring = Keyring((Secret(ENCRYPTION_KEY), Secret(NEXT_ENCRYPTION_KEY)))
        return {
            sam: keyring.open(SealedSecret(row["user_password"]), owner=user_owner(_key(row))).reveal()
            for sam, row in self.users().items()
        }

    def _set_columns(self, table: str, sam: str, values: Values) -> None:
        columns = ", ".join(values)
        document = json.dumps(values, default=str)
        done = self.run(f"""
            UPDATE connect.main_connect_{table} AS t
            SET ({columns}) = (SELECT {columns} FROM json_populate_record(NULL::connect.main_connect_{table},
                $json${document}$json$))
            WHERE t.{table}_sam_account_name = '{sam}' RETURNING 1""")
        assert done == "1", f"{table} {sam}: {done or 'no such row'}"

    def _enter_manual_user(self, number: int, values: Values) -> None:
        columns = ", ".join(values)
        self.run(f"""
            INSERT INTO connect.main_connect_user (id, user_config_type, {columns})
            SELECT {number}, 'M', {columns} FROM json_populate_record(NULL::connect.main_connect_user,
                $json${json.dumps(values, default=str)}$json$)""")

    def _set_membership(self, group: str, user: str, *, removed: bool) -> None:
        done = self.run(f"""
            INSERT INTO connect.main_connect_membership (group_id, user_id, provenance, removed_at)
            SELECT g.id, u.id, 'manual', CASE WHEN {removed} THEN now() END
            FROM connect.main_connect_group g, connect.main_connect_user u
            WHERE g.group_sam_account_name = '{group}' AND u.user_sam_account_name = '{user}'
            ON CONFLICT (group_id, user_id, provenance) DO UPDATE SET removed_at = excluded.removed_at
            RETURNING 1""")
        assert done == "1", f"{user} in {group}: {done or 'no such user or group'}"


class Customer(ConnectTables):
    """A customer with a school of its own. It is kept here and written whole after each edit: it is small."""

    def __init__(self, postgres: PostgresServer, database: DatabaseSettings) -> None:
        super().__init__(postgres, database)
        self._school = ORDINARY
        self._configuration = builders.configuration()
        self.run(_views())

    def edit_school(self, edits: School) -> None:
        """Add, change and take out rows of the master data."""
        self._school = School(
            **{
                each.name: _merged(getattr(self._school, each.name), getattr(edits, each.name))
                for each in fields(School)
            }
        )
        self.run("\n".join(_filled(self._school)))

    def configure(self, changes: Values) -> None:
        """Change the configuration; what is not named stays."""
        self._configuration = configured(self._configuration, changes)

        async def save() -> None:
            async with open_session(self._database, application_name="tests") as session, session.transaction():
                await save_configuration(session, self._configuration)

        asyncio.run(save())


def _key(row: Mapping[str, Any]) -> AccountKey:
    return AccountKey(UserType(row["user_config_type"]), row["user_config_source_fk"])


def configured(configuration: Configuration, changes: Values) -> Configuration:
    """The configuration with changes by the names of model/configuration.py; lists replace, mappings go deeper."""
    return replace(configuration, **{name: _changed(configuration, name, value) for name, value in changes.items()})


def _changed(parent: Any, name: str, value: Any) -> Any:
    old = getattr(parent, name)
    if isinstance(old, PasswordKind):
        return PasswordKind[value.upper()]
    if name in _LISTS:
        return _LISTS[name](value)
    if name == "groups":
        rules = {**_GROUP_RULES, **{rule.criterion: rule for rule in old}}
        return tuple(replace(rules[Criterion(criterion)], **changed) for criterion, changed in value.items())
    if is_dataclass(old) and not isinstance(old, type):
        return replace(old, **{inner: _changed(old, inner, part) for inner, part in value.items()})
    return value if old is None or not hasattr(old, "value") else type(old)(value)


def _mandant_rule(row: Values) -> MandantRule:
    number = row["number"]
    domains = {"student_domain": f"schule{number}.example", "staff_domain": f"lehrer{number}.example"}
    return MandantRule(**{**domains, **row, "number": Mandant(number)})


def _level_rule(position: int, row: str | Values) -> LevelRule:
    """A level by its name, for all program years and with a simple password, or with what is not so."""
    changes = {"level": row} if isinstance(row, str) else row
    rule = LevelRule(position=position, level="", program_years=frozenset(), password=builders.SIMPLE)
    changed = replace(rule, **{name: _changed(rule, name, value) for name, value in changes.items()})
    return replace(changed, program_years=frozenset(changed.program_years))


def _extension_templates(templates: Mapping[int, str]) -> Extensions:
    return tuple(templates.get(number) for number in range(1, EXTENSION_PLACES + 1))


_LISTS: Mapping[str, Make] = {
    "mandants": lambda rows: tuple(map(_mandant_rule, rows)),
    "levels": lambda rows: tuple(_level_rule(position, row) for position, row in enumerate(rows, start=1)),
    "extension_templates": _extension_templates,
}


def _merged(old: Mapping[int, Any], edits: Mapping[int, Any]) -> dict[int, Any]:
    merged = dict(old)
    for key, values in edits.items():
        if values is None:
            del merged[key]
        else:
            merged[key] = values if isinstance(values, list) else {**merged.get(key, {}), **values}
    return merged


def _views() -> str:
    """A table for each view of the contract, column by column, and the views on them."""
    statements = ["CREATE SCHEMA school;"]
    for view in VIEWS:
        columns = [f"{column.name} {column.shown_type}" for column in _columns(view)]
        statements.append(f"CREATE TABLE school.{view.name} ({', '.join(columns)});")
        statements.append(f"CREATE VIEW connect.{view.name} AS SELECT * FROM school.{view.name};")
        statements.append(f"GRANT SELECT ON connect.{view.name} TO connect_worker;")
    return "\n".join(statements)


def _columns(view: View[Any]) -> list[Any]:
    return [column for column in view.columns if column.name != "row_version"]


def _filled(school: School) -> list[str]:
    records: dict[str, list[Any]] = {
        view: [maker(number, **_mask(values)) for number, values in getattr(school, name).items()]
        for name, (view, maker) in _MAKERS.items()
    }
    records["source_staff_function"] = [
        StaffFunction(staff_id=staff, function_id=function)
        for staff, functions in school.staff_functions.items()
        for function in functions
    ]
    return [
        f"TRUNCATE school.{view}; INSERT INTO school.{view} SELECT * FROM json_populate_recordset("
        f"NULL::school.{view}, $json${json.dumps([asdict(row) for row in rows], default=str)}$json$);"
        for view, rows in records.items()
    ]


def _mask(values: Values) -> Values:
    return {**values, "mandants": mask_of(*values["mandants"])} if "mandants" in values else values
