"""All that a customer has in directory and tables, told so that two of them can be compared: by names, without times.

Nothing here knows a column or an attribute of Connect: what is new is compared too.
"""
# ruff: noqa: S608 - statements of tests, with names of the catalogue

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.domain import Domain, Found, SignIn
from tests.support.scenario_school import ConnectTables

Row = Mapping[str, Any]

BOOKKEEPING = frozenset({"objectguid", "objectsid", "whencreated", "whenchanged", "usncreated", "usnchanged"})
"""What a directory writes by itself, otherwise at each time."""
OF_ONE_RUN = frozenset({"connect_run", "connect_change", "schema_version"})
"""Tables that tell of runs: there is one more where one was killed."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_TIME_FOR_PEOPLE = re.compile(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SEALED = re.compile(r"v\d+\.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """Objects by DN, rows by table, and what the directory says to each user with its initial password."""

    objects: Mapping[str, Mapping[str, Sequence[str]]]
    tables: Mapping[str, Sequence[str]]
    sign_ins: Mapping[str, SignIn]

    def differences(self, other: "Picture") -> list[str]:
        """What only one of them has, line by line: `-` what is only here, `+` only there."""
        here, there = set(_lines(self)), set(_lines(other))
        return sorted(
            [*(f"- {line}" for line in here - there), *(f"+ {line}" for line in there - here)], key=_sign_last
        )


def picture(domain: Domain, tables: ConnectTables) -> Picture:
    """How it stands now."""
    found = domain.all("(|(sAMAccountName=*)(objectClass=organizationalUnit))")
    passwords = tables.initial_passwords()
    users = {sam: one.dn for one in found if (sam := one.value("sAMAccountName")) in passwords}
    answers = domain.sign_ins({dn: passwords[sam] for sam, dn in users.items()})
    return Picture(
        objects={one.dn: dict(_shown(one)) for one in found},
        tables=_told(_rows(tables), {str(one.guid): one.dn for one in found}),
        sign_ins=answers,
    )


def _lines(seen: Picture) -> Iterator[str]:
    yield from (f"{dn}: {name} {values}" for dn, shown in seen.objects.items() for name, values in shown.items())
    yield from (f"{name}: {row}" for name, rows in seen.tables.items() for row in rows)
    yield from (f"{dn}: {answer}" for dn, answer in seen.sign_ins.items())


def _sign_last(line: str) -> str:
    return line[1:] + line[0]


def _shown(found: Found) -> Iterator[tuple[str, list[str]]]:
    for name in sorted(found.attributes):
        values = found.values(name)
        if name.lower() == "pwdlastset":
            yield name, ["0" if values == ["0"] else "set"]
        elif values and name.lower() not in BOOKKEEPING:
            yield name, [_TIME_FOR_PEOPLE.sub("then", value) for value in values]


def _rows(tables: ConnectTables) -> dict[str, list[Row]]:
    found = tables.rows(
        "SELECT relname AS name FROM pg_class WHERE relnamespace = 'connect'::regnamespace AND relkind = 'r'"
    )
    names = sorted({row["name"] for row in found} - OF_ONE_RUN)
    parts = [f"SELECT '{name}' AS name, to_jsonb(t) AS row FROM connect.{name} t" for name in names]
    rows: dict[str, list[Row]] = {name: [] for name in names}
    for row in tables.rows(" UNION ALL ".join(parts)):
        rows[row["name"]].append(row["row"])
    return rows


def _told(rows: Mapping[str, Sequence[Row]], objects: Mapping[str, str]) -> dict[str, list[str]]:
    """Each row as text, without what depends on when and in which order it was written."""
    owners = {
        "user_id": {row["id"]: f"{row['user_config_type']}.{row['user_config_source_fk']}" for row in rows[_USERS]},
        "group_id": {row["id"]: row["group_sam_account_name"] for row in rows[_GROUPS]},
    }

    def told(column: str, value: Any) -> Any:
        if column in owners:
            return owners[column].get(value, value)
        if not isinstance(value, str):
            return value
        if _GUID.fullmatch(value):
            return objects.get(value, "an object that is gone")
        if _TIME.match(value):
            return "then"
        return "sealed" if _SEALED.match(value) else _TIME_FOR_PEOPLE.sub("then", value)

    def row_told(row: Row) -> str:
        filled = {column: value for column, value in row.items() if column not in _BY_ORDER and value is not None}
        kept = {column: told(column, value) for column, value in filled.items()}
        return json.dumps(kept, ensure_ascii=False)

    return {name: sorted(map(row_told, table)) for name, table in rows.items()}


_USERS, _GROUPS = "main_connect_user", "main_connect_group"
_BY_ORDER = frozenset({"id", "timestamp"})
