"""Where accounts stand in the directory."""

from connect_worker.model.configuration import Audience, Configuration
from connect_worker.model.ids import UserType


def audience_of(configuration: Configuration, user_type: UserType) -> Audience:
    """The settings that hold for this type; manual users have those of the staff, but for their passwords."""
    return configuration.students if user_type is UserType.STUDENT else configuration.staff


def parent_of(configuration: Configuration, user_type: UserType) -> str:
    """The DN below which the accounts of this type stand, unless a template says otherwise (ruling 17)."""
    place = audience_of(configuration, user_type).parent
    return f"{place},{configuration.base_dn}" if place else configuration.base_dn
