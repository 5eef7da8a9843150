"""The time pyramid: frames of 16 times the duration, exact per neuron, and counts per group of 64 neurons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.frames import Binned, Cells, count_sorted

U32 = NDArray[np.uint32]


def coarsen(binned: Binned, *, n_neurons: int, factor: int = 16) -> Binned:
    """Merge every ``factor`` consecutive frames into one, keeping every neuron's exact spike count.

    Parameters
    ----------
    binned : Binned
        Cells of one tile whose first frame is a multiple of ``factor``.
    n_neurons : int
        Neurons of the tile.
    factor : int
        Frames per new frame.

    Returns
    -------
    Binned
        Cells ``(frame // factor) * n_neurons + neuron``.

    Raises
    ------
    ValueError
        Cell and count do not fit into 64 bits.

    Examples
    --------
    >>> coarsen(Binned(np.array([1, 3 * 2 + 1], np.uint32), None), n_neurons=2)
    Binned(cells=array([1], dtype=uint32), counts=array([2], dtype=uint32))
    """
    cells, counts = binned
    coarse = coarse_cells(cells, n_items=n_neurons, factor=factor)
    # Each new frame is `factor` ascending runs: a merge sort takes half the time of a quicksort.
    if counts is None:
        coarse.sort(kind="stable")
        return Binned(*count_sorted(coarse))
    count_bits = int(counts.max()).bit_length() if len(counts) else 0
    cell_bits = int(coarse.max()).bit_length() if len(coarse) else 0
    if count_bits + cell_bits > 64:
        raise ValueError(f"cells of {cell_bits} bits with counts of {count_bits} bits: take a shorter range")
    pairs = coarse.astype(np.uint64)
    pairs <<= np.uint64(count_bits)
    pairs |= counts
    pairs.sort(kind="stable")
    weights = (pairs & np.uint64(2**count_bits - 1)).astype(np.uint32)
    pairs >>= np.uint64(count_bits)
    return Binned(*count_sorted(pairs.astype(cells.dtype, copy=False), weights))


def coarse_cells(cells: Cells, *, n_items: int, factor: int) -> Cells:
    """Return the cells of frames ``factor`` times as long; not sorted, new memory."""
    scalar = cells.dtype.type
    frame = cells // scalar(n_items)
    item = cells - frame * scalar(n_items)
    frame //= scalar(factor)
    frame *= scalar(n_items)
    frame += item
    return frame


def group_counts(
    ids: U32, frame: U32, counts: U32 | None, *, n_frames: int, n_neurons: int, group: int = 64
) -> U32:
    """Count the spikes of each group of neurons (``group * g .. group * g + group - 1``) in each frame.

    Parameters
    ----------
    ids, frame : (n_cells,) uint32
        Occupied cells in ascending (frame, id) order.
    counts : (n_cells,) uint32 or None
        Spikes in each; None means 1.
    n_frames, n_neurons : int
        Of the result.
    group : int
        Neurons per group.

    Returns
    -------
    (n_frames, ceil(n_neurons / group)) uint32
        Dense counts.

    Examples
    --------
    >>> group_counts(np.array([0, 63, 64], np.uint32), np.array([0, 0, 0], np.uint32), None, n_frames=1, n_neurons=65)
    array([[2, 1]], dtype=uint32)
    """
    n_groups = -(-n_neurons // group)
    place = frame.astype(np.int64)
    place *= n_groups
    place += ids // np.uint32(group)
    # Weighted counts are float64: exact up to 2**53.
    dense = np.bincount(place, counts, minlength=n_frames * n_groups)
    return dense.astype(np.uint32).reshape(n_frames, n_groups)


def fold_groups(counts: U32, *, factor: int = 16) -> U32:
    """Sum every ``factor`` consecutive frames of dense group counts; a last partial one is kept.

    Parameters
    ----------
    counts : (n_frames, n_groups) uint32
        The first frame is a multiple of ``factor``.

    Returns
    -------
    (ceil(n_frames / factor), n_groups) uint32
    """
    if not len(counts):
        return counts
    return np.add.reduceat(counts, np.arange(0, len(counts), factor), axis=0, dtype=np.uint32)
