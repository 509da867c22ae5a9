"""The ring of the five mail aliases (manual, «Mail Alias»)."""

from collections.abc import Iterable

from connect_worker.core.addresses import is_valid_address
from connect_worker.model.account import ALIAS_PLACES, Aliases


def rotate(aliases: Aliases, *, old_mail: str | None, new_mail: str | None) -> Aliases:
    """The aliases after the mail changed: the old one becomes alias 1, the others move down, the sixth is freed.

    An old mail that is not valid is dropped, and so is, whatever the case, an alias that becomes the mail, and every
    double (ruling 13). Pass None for an old mail that was never in a directory. Where nothing has to be dropped and
    the mail is the same, the aliases stay in their places.
    """
    primary = (new_mail or "").casefold()
    old = old_mail if is_valid_address(old_mail) and (old_mail or "").casefold() != primary else None
    ring: dict[str, str] = {}
    for address in (old, *aliases):
        if address and address.casefold() != primary:
            ring.setdefault(address.casefold(), address)
    if old is None and len(ring) == sum(address is not None for address in aliases):
        return aliases
    kept = [*ring.values(), *[None] * ALIAS_PLACES]
    return (kept[0], kept[1], kept[2], kept[3], kept[4])


def ring(addresses: Iterable[str | None], *, mail: str | None) -> Aliases:
    """The first five of these addresses, each once whatever the case, and none that is the mail."""
    kept: dict[str, str] = {}
    for address in filter(None, addresses):
        kept.setdefault(address.casefold(), address)
    kept.pop((mail or "").casefold(), None)
    places = [*kept.values(), *[None] * ALIAS_PLACES]
    return (places[0], places[1], places[2], places[3], places[4])
