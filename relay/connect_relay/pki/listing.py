"""`connect-relay pki list`: what there is, and what it is good for."""

import json
from datetime import datetime
from pathlib import Path

import click

from connect_relay.authorized_keys import AuthorizedKey
from connect_relay.options import output_option
from connect_relay.pki.folder import LIST, Kept, PkiFolder, RevocationList, State
from connect_relay.pki.options import current_time, examples, folder_argument, told
from connect_relay.pki.ssh import SshFolder

NEAR_DAYS = 30
"""The relay's own warning begins then too."""


@click.command(
    "list",
    short_help="List certificates and SSH keys, and until when they are good.",
    epilog=examples("list pki", "list pki --output json"),
)
@folder_argument
@output_option
def list_(folder: Path, form: str) -> None:
    """List the certificates and SSH keys in DIR, and until when they are good.

    superseded: there is a newer one, and this one lets in all the same, until it ends or is revoked.
    """
    with told():
        kept, revoked, keys = PkiFolder(folder).list(), PkiFolder(folder).revocation_list(), SshFolder(folder).list()
    now = current_time()
    if form == "json":
        click.echo(json.dumps(_document(kept, revoked, keys, now), indent=2))
        return
    for each in kept:
        click.echo(_row(each.folder, f"{each.not_after:%Y-%m-%d}", _state(each, now), f"{each.serial:x}", each.names))
    if revoked is not None:
        names = (f"{revoked.entries} revoked",)
        click.echo(_row(f"ca/{LIST}", f"{revoked.next_update:%Y-%m-%d}", _due(revoked, now), "", names))
    for key in keys:
        click.echo(_row("ssh", "", State.VALID, key.fingerprint, (key.identity.uri, key.comment)))


def _row(place: str, end: str, state: str, which: str, names: tuple[str, ...]) -> str:
    return f"{place:<32} {end:<10}  {state:<26} {which:<40} {' '.join(names)}".rstrip()


def _state(kept: Kept, now: datetime) -> str:
    state, left = kept.state(now), f"{(kept.not_after - now).days} days left"
    match state:
        case State.VALID:
            return left
        case State.SUPERSEDED:
            return f"{state}, {left}"
        case State.EXPIRED | State.REVOKED:
            return state.upper()


def _due(revoked: RevocationList, now: datetime) -> str:
    left = (revoked.next_update - now).days
    if revoked.next_update <= now:
        return "OVERDUE: sign it anew"
    return f"{left} days left{': sign it anew' if left < NEAR_DAYS else ''}"


def _document(
    kept: tuple[Kept, ...], revoked: RevocationList | None, keys: tuple[AuthorizedKey, ...], now: datetime
) -> dict[str, object]:
    return {
        "certificates": [
            {
                "folder": each.folder,
                "names": list(each.names),
                "serial": f"{each.serial:x}",
                "notBefore": each.not_before.isoformat(),
                "notAfter": each.not_after.isoformat(),
                "expired": each.not_after <= now,
                "state": each.state(now).value,
                "daysLeft": (each.not_after - now).days,
                "revokedSince": None if each.revoked is None else each.revoked.isoformat(),
            }
            for each in kept
        ],
        "revocationList": None
        if revoked is None
        else {"entries": revoked.entries, "nextUpdate": revoked.next_update.isoformat()},
        "sshKeys": [
            {"identity": key.identity.uri, "fingerprint": key.fingerprint, "comment": key.comment} for key in keys
        ],
    }
