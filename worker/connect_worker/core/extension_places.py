"""Which of the fifteen extension attributes Connect keeps, for whom."""

from collections.abc import Mapping
from types import MappingProxyType

from connect_worker.model.configuration import Audience, Configuration
from connect_worker.model.ids import UserType
from connect_worker.model.state import State

ExtensionPlaces = Mapping[UserType, frozenset[int]]
"""The numbers of the extension attributes, 1 to 15, that are kept for the users of each type."""
NO_EXTENSION_PLACES: ExtensionPlaces = MappingProxyType(dict.fromkeys(UserType, frozenset()))


def extension_places(configuration: Configuration) -> ExtensionPlaces:
    """Those with a template, an empty one among them, which clears; of others those where the row has a value."""
    return {
        UserType.STAFF: _configured(configuration.staff),
        UserType.STUDENT: _configured(configuration.students),
        UserType.MANUAL: frozenset(),
    }


def used_extensions(configuration: Configuration, state: State) -> frozenset[int]:
    """All that are configured for anybody, or stand in anybody's row."""
    configured = frozenset().union(*extension_places(configuration).values())
    held = {account.extension_attributes for account in state.accounts}
    return configured.union(place for values in held for place, value in enumerate(values, start=1) if value)


def _configured(audience: Audience) -> frozenset[int]:
    templates = enumerate(audience.extension_templates, start=1)
    return frozenset(place for place, template in templates if template is not None)
