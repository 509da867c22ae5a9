"""Which attributes of one object differ."""

from collections.abc import Collection, Iterator

from connect_worker.model.account import EXTENSION_NAMES, Extensions, Profile
from connect_worker.model.change import AttributeChange
from connect_worker.model.directory import ActualGroup, DesiredGroup, Login


def attribute_changes(
    wanted: Login | Profile | DesiredGroup, found: Login | Profile | ActualGroup, names: tuple[str, ...]
) -> Iterator[AttributeChange]:
    """Those of the named attributes whose values are not the same; absent, None and empty are."""
    for name in names:
        before, after = getattr(found, name), getattr(wanted, name)
        if (before or None) != (after or None):
            yield AttributeChange(attribute=name, before=before, after=after)


def extension_changes(wanted: Extensions, found: Extensions, kept: Collection[int]) -> Iterator[AttributeChange]:
    """Those of the fifteen extension attributes that are not the same.

    Many programs write there: without a value of ours, a place that is not among the `kept` ones is somebody else's.
    """
    for place, (name, before, after) in enumerate(zip(EXTENSION_NAMES, found, wanted, strict=True), start=1):
        if (before or None) != (after or None) and (after or place in kept):
            yield AttributeChange(attribute=name, before=before, after=after)
