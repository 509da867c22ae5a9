"""Which attributes of one object differ."""

from collections.abc import Collection, Iterator

from connect_worker.model.account import EXTENSION_NAMES, Extensions, Profile
from connect_worker.model.change import AttributeChange
from connect_worker.model.directory import ActualGroup, DesiredGroup, Login

_IDENTITIES = frozenset({"sam_account_name", "user_principal_name", "mail"})


def attribute_changes(
    wanted: Login | Profile | DesiredGroup, found: Login | Profile | ActualGroup, names: tuple[str, ...]
) -> Iterator[AttributeChange]:
    """Those of the named attributes whose values are not the same; absent, None and empty are.

    Nobody is found or reached in another way by capitals: they are a difference only in what people read.
    """
    for name in names:
        before, after = getattr(found, name), getattr(wanted, name)
        if (before or None) != (after or None) and not (name in _IDENTITIES and _is_same_name(before, after)):
            yield AttributeChange(attribute=name, before=before, after=after)


def _is_same_name(before: str | None, after: str | None) -> bool:
    return (before or "").casefold() == (after or "").casefold()


def extension_changes(wanted: Extensions, found: Extensions, kept: Collection[int]) -> Iterator[AttributeChange]:
    """Those of the fifteen extension attributes that are not the same.

    Many programs write there: without a value of ours, a place that is not among the `kept` ones is somebody else's.
    """
    for place, (name, before, after) in enumerate(zip(EXTENSION_NAMES, found, wanted, strict=True), start=1):
        if (before or None) != (after or None) and (after or place in kept):
            yield AttributeChange(attribute=name, before=before, after=after)
