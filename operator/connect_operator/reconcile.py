"""The operator's one decision: observed → wanted → what to write. Pure, level-triggered, repeatable."""

from connect_operator.decision import Decision, Observed


def reconcile(observed: Observed) -> Decision:
    """What to do about one ConnectJob now; nothing where nothing differs."""
    raise NotImplementedError(observed)
