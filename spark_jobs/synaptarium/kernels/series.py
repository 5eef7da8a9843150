"""Per-layer series: how many events a whole layer or projection has in each frame, at every level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]


class Series(NamedTuple):
    """Events per frame, and the extremes over the level-0 frames inside: (n_frames,) int64 each."""

    total: I64
    minimum: I64
    maximum: I64
    last: I64


def frame_totals(offsets: I64, counts: NDArray[np.uint32] | None) -> Series:
    """Return the number of events in each level-0 frame.

    Parameters
    ----------
    offsets : (n_frames + 1,) int64
        Where each frame's cells start.
    counts : (n_cells,) uint32 or None
        Events in each cell; None means 1.

    Examples
    --------
    >>> frame_totals(np.array([0, 2, 2, 3]), None).total
    array([2, 0, 1])
    """
    if counts is None:
        total = np.diff(offsets)
    else:
        total = np.diff(np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))[offsets])
    return Series(total, total, total, total)


def add_series(first: Series, second: Series) -> Series:
    """Return the level-0 series of two tiles together."""
    total = first.total + second.total
    return Series(total, total, total, total)


def fold_series(series: Series, *, factor: int = 16) -> Series:
    """Fold every ``factor`` consecutive frames: sum, min, max and last; a last partial one is kept.

    Parameters
    ----------
    series : Series
        Its first frame is a multiple of ``factor``.

    Returns
    -------
    Series
        ``ceil(n_frames / factor)`` frames; minimum, maximum and last are those of the level-0 frames inside.

    Examples
    --------
    >>> one = np.array([2, 0, 1])
    >>> fold_series(Series(one, one, one, one), factor=2)
    Series(total=array([2, 1]), minimum=array([0, 1]), maximum=array([2, 1]), last=array([0, 1]))
    """
    n = len(series.total)
    if not n:
        return series
    starts = np.arange(0, n, factor)
    return Series(
        np.add.reduceat(series.total, starts),
        np.minimum.reduceat(series.minimum, starts),
        np.maximum.reduceat(series.maximum, starts),
        series.last[np.minimum(starts + factor, n) - 1],
    )
