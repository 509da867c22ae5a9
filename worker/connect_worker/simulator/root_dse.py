"""The directory's own description, which anybody may read."""

from collections.abc import Iterator

from connect_worker.simulator.controls import SUPPORTED_CONTROLS, SUPPORTED_EXTENSIONS
from connect_worker.simulator.foundation import CONFIGURATION, SCHEMA
from connect_worker.simulator.tree import Tree, generalized_time
from connect_worker.simulator.values import Values

_ACTIVE_DIRECTORY, _WINDOWS_2008_AND_LATER = "1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"
_LEVEL_2016 = "7"


def describe(tree: Tree) -> Iterator[tuple[str, Values]]:
    """The attributes of the root DSE."""
    base = tree.base_dn
    server = f"dc1.{tree.dns_name}"
    texts: dict[str, tuple[str, ...]] = {
        "namingContexts": (base, f"{CONFIGURATION},{base}", f"{SCHEMA},{base}"),
        "defaultNamingContext": (base,),
        "rootDomainNamingContext": (base,),
        "configurationNamingContext": (f"{CONFIGURATION},{base}",),
        "schemaNamingContext": (f"{SCHEMA},{base}",),
        "subschemaSubentry": (f"CN=Aggregate,{SCHEMA},{base}",),
        "dnsHostName": (server,),
        "ldapServiceName": (f"{tree.dns_name}:dc1$@{tree.dns_name.upper()}",),
        "supportedControl": SUPPORTED_CONTROLS,
        "supportedExtension": SUPPORTED_EXTENSIONS,
        "supportedCapabilities": (_ACTIVE_DIRECTORY, _WINDOWS_2008_AND_LATER),
        "supportedLDAPVersion": ("3",),
        "domainFunctionality": (_LEVEL_2016,),
        "forestFunctionality": (_LEVEL_2016,),
        "isSynchronized": ("TRUE",),
        "highestCommittedUSN": (str(tree.usn),),
        "currentTime": (generalized_time(tree.clock()).decode(),),
    }
    yield from ((name, tuple(value.encode() for value in values)) for name, values in texts.items())
