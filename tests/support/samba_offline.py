"""Prepares a freshly provisioned Samba directory: `/usr/bin/python3 samba_offline.py SMB.CONF [plain | recycle-bin]`.

With `recycle-bin` it switches that on, also while the server runs, and does nothing else.
A plain one keeps the schema that every domain has; else Exchange's extension attributes are in it.
Runs with Debian's own Python, because python3-samba exists nowhere else.
"""

import sys

import ldb  # type: ignore[import-not-found]
from samba.auth import system_session  # type: ignore[import-not-found]
from samba.param import LoadParm  # type: ignore[import-not-found]
from samba.samdb import SamDB  # type: ignore[import-not-found]

SHORT, LONG = 1024, 2048
RECYCLE_BIN = "766ddcd8-acd0-445e-f3b9-a7f9b6744f2a"


def open_directory(configuration: str) -> SamDB:
    parameters = LoadParm()
    parameters.load(configuration)
    parameters.set("ldb:nosync", "true")
    parameters.set("dsdb:schema update allowed", "yes")
    return SamDB(lp=parameters, session_info=system_session(), url=parameters.samdb_url())


def keep_passwords_forever(directory: SamDB) -> None:
    """The template is cached: without this the Administrator's password would expire with its age.

    Tests change a password that was set a moment ago.
    """
    change = ldb.Message(ldb.Dn(directory, str(directory.domain_dn())))
    change["maxPwdAge"] = ldb.MessageElement("0", ldb.FLAG_MOD_REPLACE, "maxPwdAge")
    change["minPwdAge"] = ldb.MessageElement("0", ldb.FLAG_MOD_REPLACE, "minPwdAge")
    directory.modify(change)


def add_extension_attributes(directory: SamDB) -> None:
    """extensionAttribute1–15, as Exchange's schema extension brings them, on users, groups and contacts."""
    schema = str(directory.get_schema_basedn())
    for number in range(1, 16):
        directory.add(_extension_attribute(number, schema))
    directory.set_schema_update_now()
    change = ldb.Message(ldb.Dn(directory, f"CN=Mail-Recipient,{schema}"))
    names = [f"extensionAttribute{number}" for number in range(1, 16)]
    change["mayContain"] = ldb.MessageElement(names, ldb.FLAG_MOD_ADD, "mayContain")
    directory.modify(change)
    directory.set_schema_update_now()


def _extension_attribute(number: int, schema: str) -> "dict[str, str | list[str]]":
    early = number <= 10
    common_name = f"ms-Exch-Extension-Attribute-{number}"
    return {
        "dn": f"CN={common_name},{schema}",
        "objectClass": ["top", "attributeSchema"],
        "attributeID": f"1.2.840.113556.1.2.{number + (422 if early else 588)}",
        "lDAPDisplayName": f"extensionAttribute{number}",
        "adminDisplayName": common_name,
        "attributeSyntax": "2.5.5.12",
        "oMSyntax": "64",
        "isSingleValued": "TRUE",
        "rangeLower": "1",
        "rangeUpper": str(SHORT if early else LONG),
        "searchFlags": "16",
    }


def switch_on_recycle_bin(directory: SamDB) -> None:
    """Deleted objects keep what stood in them, for good: Windows knows no way back either."""
    change = ldb.Message(ldb.Dn(directory, ""))
    wanted = f"CN=Partitions,{directory.get_config_basedn()}:{RECYCLE_BIN}"
    change["enableOptionalFeature"] = ldb.MessageElement(wanted, ldb.FLAG_MOD_ADD, "enableOptionalFeature")
    directory.modify(change)


if __name__ == "__main__":
    opened = open_directory(sys.argv[1])
    if "recycle-bin" in sys.argv:
        switch_on_recycle_bin(opened)
        sys.exit()
    keep_passwords_forever(opened)
    if "plain" not in sys.argv:
        add_extension_attributes(opened)
