"""How glibc's allocator treats the memory of frames, which is taken for each one and given back.

Left to itself it gives the memory of large ones back to the system at once, and gets it anew, zeroed and page by page.
"""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of mallopt(3), from malloc.h."""
KEPT_BYTES = 8 * 1024 * 1024
LARGEST_KEPT = 4 * 1024 * 1024


def keep_freed() -> None:
    """Let this process keep up to KEPT_BYTES of what it has freed, for later; larger pieces it gives back at once.

    All threads share one heap: one for each of them would keep as much each, and a frame is taken by one thread and
    given back by another. Where the C library is not glibc, nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_ARENA_MAX, 1)
    mallopt(_MMAP_THRESHOLD, LARGEST_KEPT)
    mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
