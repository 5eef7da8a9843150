"""Memory of a server with many threads: a few arenas instead of eight for each core.

glibc gives threads arenas of their own, and what one frees the others cannot use. Chunks are read by one thread and
freed by another, so the server grew for minutes before it was full: 266 MB after a minute of random seeks by four
viewers, against a steady 219 MB with two arenas (`make soak`). Python's own lock leaves little to gain from more.
"""

from __future__ import annotations

import ctypes

_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h
ARENAS = 2


def share_arenas() -> bool:
    """Let all threads share a few arenas; False where the C library has no such setting. Call before threads start."""
    try:
        return ctypes.CDLL(None).mallopt(_ARENA_MAX, ARENAS) == 1
    except (OSError, AttributeError, TypeError):  # another C library, or Windows
        return False
