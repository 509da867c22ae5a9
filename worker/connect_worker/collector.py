"""How often Python looks for garbage that refers to itself."""

import gc

ALLOCATIONS_BEFORE_A_LOOK = 100_000


def relax_collector() -> None:
    """Look rarely: a night makes millions of records, none of which refers back to what refers to it.

    Python looks after every 700 new objects, and again and again at all that have stayed: with 20,000 people that is a
    quarter of a night's CPU, and finds nothing. What nobody refers to any more is freed at once all the same.
    """
    gc.set_threshold(ALLOCATIONS_BEFORE_A_LOOK, 20, 100)
