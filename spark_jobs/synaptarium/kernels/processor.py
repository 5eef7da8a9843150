"""numpy's sort on processors that compress vectors slowly; imported before numpy, so it must not import numpy itself."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import MutableMapping
from pathlib import Path

DISABLE = "NPY_DISABLE_CPU_FEATURES"
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
