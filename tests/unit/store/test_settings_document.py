"""The configuration as a document: what a file or a path changes, and what no column can hold."""

import pytest

from connect_worker.store.settings_document import (
    Document,
    SettingsColumn,
    SettingsTable,
    changes,
    faults_of,
    is_setting,
    merged,
    setting_at,
    with_value,
)


def column(name: str, type_: str, default: object = None, *, nullable: bool = False) -> SettingsColumn:
    return SettingsColumn(name=name, type=type_, nullable=nullable, default=default)


GENERAL = SettingsTable(
    name="connect_config",
    key=(),
    columns=(
        column("dn", "text", ""),
        column("sync_ad", "boolean", default=True),
        column("state", "text", nullable=True),
    ),
)
LEVELS = SettingsTable(
    name="connect_config_level",
    key=("position",),
    columns=(column("position", "smallint"), column("level", "text"), column("program_years", "smallint[]", [])),
)
EXTENSIONS = SettingsTable(
    name="connect_config_extension_attribute",
    key=("audience", "number"),
    columns=(column("audience", "text"), column("number", "smallint"), column("template", "text")),
)
TABLES = (GENERAL, LEVELS, EXTENSIONS)
PRIMAR = {"position": 1, "level": "Primar", "program_years": [1]}
PRESENT = Document(
    parts={
        "general": ({"dn": "DC=a", "sync_ad": True, "state": "ZH"},),
        "level": (PRIMAR,),
        "extension_attribute": ({"audience": "student", "number": 3, "template": "x"},),
    }
)


def given(content: object) -> tuple[Document, list[str]]:
    faults: list[str] = []
    return merged(TABLES, PRESENT, content, faults), faults


def test_what_a_file_does_not_name_stays() -> None:
    assert given({}) == (PRESENT, [])
    document, faults = given({"general": {"dn": "DC=b"}})
    assert faults == []
    assert document.parts["general"] == ({"dn": "DC=b", "sync_ad": True, "state": "ZH"},)
    assert document.parts["level"] == PRESENT.parts["level"]


def test_a_list_of_rows_is_the_whole_list_and_a_new_row_has_defaults() -> None:
    document, _ = given({"level": [{"position": 2, "level": "Sek"}]})
    assert document.parts["level"] == ({"position": 2, "level": "Sek", "program_years": []},)
    kept, _ = given({"level": [{"position": 1, "level": "Prim"}]})
    assert kept.parts["level"] == ({"position": 1, "level": "Prim", "program_years": [1]},)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("text", "expected are parts (general, level, extension_attribute), each with its settings"),
        ({"levels": []}, "unknown part 'levels'; known are general, level, extension_attribute"),
        ({"level": {"position": 1}}, "level must be a list of rows"),
        ({"level": ["Primar"]}, "level: 'Primar' is no row of settings"),
        ({"general": {"dnn": 1}}, "general.dnn is unknown; known are dn, sync_ad, state"),
    ],
)
def test_what_cannot_be_read_is_a_fault_that_names_its_place(content: object, fault: str) -> None:
    assert given(content)[1] == [fault]


@pytest.mark.parametrize(
    ("path", "value", "part", "row"),
    [
        ("dn", "DC=c", "general", {"dn": "DC=c", "sync_ad": True, "state": "ZH"}),
        ("general.dn", "DC=c", "general", {"dn": "DC=c", "sync_ad": True, "state": "ZH"}),
        ("level.1.level", "P", "level", {"position": 1, "level": "P", "program_years": [1]}),
        ("level.4.level", "G", "level", {"position": 4, "level": "G", "program_years": []}),
        (
            "extension_attribute.personal.9.template",
            "y",
            "extension_attribute",
            {"audience": "personal", "number": 9, "template": "y"},
        ),
    ],
)
def test_a_path_leads_to_one_setting_and_makes_its_row(path: str, value: str, part: str, row: object) -> None:
    assert with_value(TABLES, PRESENT, path, value).parts[part][-1] == row


@pytest.mark.parametrize("path", ["nothing", "level.1", "level.1.nothing", "level.level", "general.1.dn"])
def test_a_path_that_leads_nowhere_says_what_is_known(path: str) -> None:
    with pytest.raises(KeyError, match=f"{path}: unknown; of .* there are"):
        setting_at(TABLES, path)


@pytest.mark.parametrize(
    ("type_", "value", "fits"),
    [
        ("text", "x", True),
        ("text", 1, False),
        ("text", "a\0b", False),
        ("boolean", False, True),
        ("boolean", "no", False),
        ("smallint", 32767, True),
        ("smallint", 32768, False),
        ("integer", True, False),
        ("integer", 1.5, False),
        ("smallint[]", [1, 2], True),
        ("smallint[]", [1, "b"], False),
        ("smallint[]", 1, False),
        ("text", None, False),
    ],
)
def test_a_value_must_be_one_of_its_column(type_: str, value: object, fits: bool) -> None:
    assert (column("x", type_).fault(value) is None) is fits


def test_a_key_that_stands_twice_is_a_fault() -> None:
    document = Document(parts={**PRESENT.parts, "level": (PRIMAR, PRIMAR)})
    assert list(faults_of(TABLES, document)) == ["level.1 stands twice"]


def test_what_differs_is_told_by_path_and_rows_as_a_whole() -> None:
    after = Document(
        parts={
            **PRESENT.parts,
            "general": ({"dn": "DC=a", "sync_ad": False, "state": None},),
            "extension_attribute": (),
        }
    )
    assert [change.sentence for change in changes(TABLES, PRESENT, after)] == [
        "general.sync_ad: True → False",
        "general.state: 'ZH' → –",
        "extension_attribute.student.3: {'audience': 'student', 'number': 3, 'template': 'x'} → –",
    ]


def test_neither_secrets_nor_the_lock_are_settings() -> None:
    assert [name for name in ("ad_password", "connect_api_password", "locked_by", "only_row") if is_setting(name)] == []
