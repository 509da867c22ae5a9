"""The unit by which systemd runs a bridge: as nobody in particular, who may do nothing but open connections. Pure."""

from collections.abc import Sequence
from pathlib import PurePosixPath

NAME = "connect-bridge.service"

_UNIT = """\
# Written by `connect-bridge install`, which overwrites it. Changes of your own: systemctl edit connect-bridge
[Unit]
Description=Connect bridge: lets Connect reach this school's database and directory
Wants=network-online.target
After=network-online.target nss-lookup.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
EnvironmentFile={folder}/environment
{credentials}
Restart=always
RestartSec=10
WatchdogSec=60
TimeoutStopSec=30
UMask=0077

# A user who exists as long as the service runs, owns nothing, and reads the key from memory.
DynamicUser=yes
User=connect-bridge
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateUsers=yes

ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
KeyringMode=private
RemoveIPC=yes

LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def unit(program: PurePosixPath, options: Sequence[str], folder: PurePosixPath, credentials: Sequence[str]) -> str:
    """The unit's text: `options` go to `connect-bridge run`; `credentials` are files of `folder` that it may read."""
    return _UNIT.format(
        command=" ".join([str(program), "run", *options]),
        folder=folder,
        credentials="\n".join(f"LoadCredential={name}:{folder}/{name}" for name in credentials),
    )
