"""A directory in a file, so that one can look at it again another day."""

import base64
import json
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from connect_worker.errors import ConfigurationError
from connect_worker.simulator.dn import Rdn
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.links import connect
from connect_worker.simulator.schema import CLASSES
from connect_worker.simulator.tree import Tree
from connect_worker.simulator.values import Values

_FORMAT = 1


def save(tree: Tree, file: Path) -> None:
    """Write the whole directory. The file is replaced at once or not at all, and only its owner may read it."""
    content = {
        "format": _FORMAT,
        "base": tree.base_dn,
        "usn": tree.usn,
        "last_rid": tree.last_rid,
        "domain_id": tree.domain_id,
        "objects": [_written(entry) for entry in tree.entries],
    }
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as draft:
        json.dump(content, draft, indent=1)
    Path(draft.name).replace(file)


def load(tree: Tree, file: Path) -> None:
    """Fill an empty tree with what was saved. Raises ConfigurationError for a file that is not of this domain."""
    try:
        content = json.loads(file.read_bytes())
        if content["format"] != _FORMAT or content["base"] != tree.base_dn:
            raise _foreign(file, tree)
        _restore(tree, content)
    except (ValueError, LookupError, TypeError):
        raise _foreign(file, tree) from None


def _foreign(file: Path, tree: Tree) -> ConfigurationError:
    return ConfigurationError(
        f"{file} does not hold a simulated directory of {tree.base_dn}",
        todo="Name another file, or remove it to begin anew.",
    )


def _restore(tree: Tree, content: dict[str, Any]) -> None:
    tree.usn, tree.last_rid = content["usn"], content["last_rid"]
    tree.domain_id = tuple(content["domain_id"])
    records: list[dict[str, Any]] = content["objects"]
    for record in records:
        _place(tree, record)
    for record in records:
        links = {name: dict.fromkeys(_by_guid(tree, guid) for guid in guids) for name, guids in record["links"].items()}
        connect(_by_guid(tree, record["guid"]), links)


def _written(entry: Entry) -> dict[str, Any]:
    return {
        "guid": str(entry.guid),
        "parent": str(entry.parent.guid) if entry.parent is not None else None,
        "class": entry.kind.name.lower(),
        "rdn": [entry.rdn.attribute, entry.rdn.value],
        "password": entry.password.hex() if entry.password is not None else None,
        "values": {name: [_as_text(value) for value in values] for name, values in entry.values.items()},
        "links": {name: [str(target.guid) for target in targets] for name, targets in entry.links.items() if targets},
    }


def _place(tree: Tree, record: dict[str, Any]) -> None:
    values: dict[str, Values] = {
        name: tuple(_as_bytes(value) for value in listed) for name, listed in record["values"].items()
    }
    if record["rdn"] == [tree.root.rdn.attribute, tree.root.rdn.value] and not tree.root.values:
        tree.restore_root(UUID(record["guid"]), values)
        return
    password = record["password"]
    entry = Entry(
        guid=UUID(record["guid"]),
        rdn=Rdn(*record["rdn"]),
        kind=CLASSES[record["class"]],
        parent=_by_guid(tree, record["parent"]),
        values=values,
        password=bytes.fromhex(password) if password is not None else None,
    )
    tree.insert(entry)


def _by_guid(tree: Tree, guid: str) -> Entry:
    found = tree.by_guid(UUID(guid))
    if found is None:
        raise LookupError(guid)
    return found


def _as_text(value: bytes) -> str | dict[str, str]:
    """Text as it is, everything else in base 64."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _as_bytes(stored: str | dict[str, str]) -> bytes:
    return stored.encode() if isinstance(stored, str) else base64.b64decode(stored["base64"])
