"""`rotate-keys`: every secret in the customer's database is sealed anew under the newest key."""

from connect_worker.errors import ConfigurationError
from connect_worker.pipeline import Run
from connect_worker.store.crypto import REASON, Keyring

RESEAL = "reseal"


async def rotate_keys(run: Run) -> None:
    """Raises ConfigurationError where a key is missing, once all others are sealed anew."""
    await run.begin()
    with run.tally.stage("rotate"):
        rotation = await run.store.rotate_keys(Keyring(run.context.settings.encryption_keys))
    counted = {"done": rotation.resealed, "current": rotation.current, "left": rotation.left}
    run.tally.changes.update({(RESEAL, result): count for result, count in counted.items() if count})
    run.tally.reason = "KeysRotated" if rotation.resealed else "NothingToDo"
    if rotation.faults:
        raise ConfigurationError(
            *rotation.faults,
            todo="Put the missing key into encryptionKey of the customer Secret too, behind the current one, and "
            "rotate again; where it is lost, reset these passwords with --generate, and enter these settings again",
            reason=REASON,
        )
