"""Time zones by name, always from the locked tzdata package: never from the machine's files, which are of any age."""

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_NOT_A_PLACE = {"Factory"}  # stands in the data for "not configured yet"


class TimeZoneError(ValueError):
    """A time zone that is refused; its text is a sentence for on-call."""


@cache
def names() -> frozenset[str]:
    """Every name that is accepted."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split()) - _NOT_A_PLACE


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name, spelled exactly so. Raises TimeZoneError."""
    if name not in names():
        raise TimeZoneError(f'Time zone "{name}" is unknown. {_advice(name)}.')
    return _load(name)


@cache
def _load(name: str) -> ZoneInfo:
    path = files("tzdata") / "zoneinfo"
    for part in name.split("/"):
        path /= part
    with path.open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def _advice(name: str) -> str:
    spelled = {known.casefold(): known for known in names()}
    meant = name.strip().replace(" ", "_").casefold()
    places = [known for known in spelled if "/" in known or known == meant]
    if close := get_close_matches(meant, places, n=1, cutoff=0.8):
        return f'Write "{spelled[close[0]]}"'
    return 'Write an IANA name such as "Europe/Zurich", or "UTC"'
