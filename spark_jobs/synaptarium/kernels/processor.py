"""What a process sets before it works hard: how numpy sorts, and how the C library keeps memory.

Imported before numpy, so it must not import numpy itself.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
from collections.abc import MutableMapping
from pathlib import Path

DISABLE = "NPY_DISABLE_CPU_FEATURES"
# Of glibc's malloc.h; 32 MiB is the largest threshold that it takes.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_CPU_INFO = Path("/proc/cpuinfo")


def prefer_quick_sorts(
    environment: MutableMapping[str, str] = os.environ, *, cpu_info: Path = _CPU_INFO
) -> None:
    """Make numpy sort by AVX2 where its AVX-512 sort is slow; does nothing once numpy is imported, or elsewhere.

    AMD's AVX-512 processors write compressed vectors to memory by microcode, and numpy's AVX-512 sort does little else:
    22 million uint32 a second on a Zen 4, where AVX2 sorts 155 million. Child processes inherit the choice.

    Parameters
    ----------
    environment : mutable mapping
        Receives ``NPY_DISABLE_CPU_FEATURES``; a value that is there stays.
    cpu_info : pathlib.Path
        Linux's description of the processor; no file, no change.
    """
    if DISABLE in environment:
        return
    try:
        described = cpu_info.read_text().split("\n\n", 1)[0]
    except OSError:
        return
    if "AuthenticAMD" in described and "avx512f" in described:
        # numpy 2.4 named the group anew; a name that it does not know is a warning.
        version = tuple(int(part) for part in importlib.metadata.version("numpy").split(".")[:2])
        environment[DISABLE] = "X86_V4 AVX512_ICL" if version >= (2, 4) else "AVX512_SKX AVX512_ICL"


def keep_memory() -> None:
    """Keep freed arrays for the next ones instead of giving them back to the system; for processes that end soon.

    A range makes a hundred arrays of a few MiB each. glibc returns and requests them page by page: 10 ns a spike of
    page faults, which is a tenth of the job. Does nothing where the C library has no ``mallopt``.
    """
    for parameter, value in ((_TRIM_THRESHOLD, 2**31 - 1), (_MMAP_THRESHOLD, 2**25), (_ARENA_MAX, 1)):
        _set(parameter, value)


def share_arenas() -> bool:
    """Let all threads of a server share two arenas of memory; False where the C library has no such setting.

    Call before threads start. glibc gives threads arenas of their own, eight for each core, and what one frees the others
    cannot use. Chunks are read by one thread and freed by another, so the server grew for minutes before it was full: 266 MB
    after a minute of random seeks by four viewers, against a steady 219 MB with two arenas (`make soak`).
    """
    return _set(_ARENA_MAX, 2)


def _set(parameter: int, value: int) -> bool:
    try:
        return ctypes.CDLL(None).mallopt(parameter, value) == 1
    except (AttributeError, OSError, TypeError):  # another C library, or Windows
        return False
