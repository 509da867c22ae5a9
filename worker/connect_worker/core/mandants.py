"""The chosen mandant (eindeutiger Mandant) of a record."""

from connect_worker.model.ids import Mandant, MandantMask, mandants_of


def chosen_mandant(mandants: MandantMask, configured: MandantMask) -> Mandant | None:
    """The one configured mandant of the record; None, which is warning 1, if there are several or none (ruling 16)."""
    candidates = tuple(mandants_of(MandantMask(mandants & configured)))
    return candidates[0] if len(candidates) == 1 else None
