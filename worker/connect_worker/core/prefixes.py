"""The test prefix: with it set, nothing without it is ever written, and it stays while objects bear it (ruling 42)."""

from connect_worker.core.dn import is_name, value_of
from connect_worker.model.state import State


def holders(state: State, prefix: str) -> tuple[str, ...]:
    """The keys of the records whose objects bear this prefix; of all linked ones, where it is empty."""
    return tuple(
        str(record.key) for record in state.records if record.object_guid is not None and _bears(record.dn, prefix)
    )


def _bears(dn: str | None, prefix: str) -> bool:
    return dn is not None and is_name(dn) and value_of(dn).casefold().startswith(prefix.casefold())
